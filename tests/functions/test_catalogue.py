"""Each folder of functions/ is complete and well named, so that everything else can discover it."""

import importlib
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

import functions
from infra.catalogue import handlers, specs
from switchboard.deployed import TaskSpec
from switchboard.destination import DeployTime, DestinationDocument, DestinationSpec, Permission

FUNCTIONS = Path(functions.__path__[0])
TESTS = Path(__file__).parent
FOLDERS = sorted(path.name for path in FUNCTIONS.iterdir() if (path / "__init__.py").exists())
DESTINATIONS = [spec for spec in specs().values() if isinstance(spec, DestinationSpec)]

FILES = ("__init__.py", "handler.py", "spec.py", "README.md")
DESTINATION_FILES = ("settings.py", "request.py")
TASK_FILES = ("__init__.py", "__main__.py", "health.py", "spec.py", "Dockerfile", "README.md")
HEADINGS = ("What it does", "Configuration", "When it fails", "Good to know")
VERBS = (
    "to", "receive", "route", "relay", "pull", "fire", "control", "replay", "stream", "compact",
)  # fmt: skip
NAME = re.compile(rf"({'|'.join(VERBS)})_[a-z0-9]+(_[a-z0-9]+)*")
LONGEST_HANDLER = 10
LONGEST_MODULE = 300
# An exact resource, or a wildcard after a fixed prefix.
RESOURCE = re.compile(r"arn:\{partition\}:[a-z0-9-]+:[^*]*[^*:]\*?")
ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z]+")

each_folder = pytest.mark.parametrize("folder", FOLDERS)
each_handler = pytest.mark.parametrize("folder", sorted(handlers()))
each_destination = pytest.mark.parametrize("spec", DESTINATIONS, ids=lambda spec: spec.folder)


def missing_files(folder: Path) -> list[str]:
    """The files that a folder should have and has not."""
    if (folder / "Dockerfile").exists():
        wanted: tuple[str, ...] = TASK_FILES
    else:
        wanted = FILES + (DESTINATION_FILES if folder.name.startswith("to_") else ())
    return [name for name in wanted if not (folder / name).is_file()]


def readme_faults(text: str, folder: str) -> list[str]:
    """What is wrong with a README: its title, or its headings and their order."""
    lines = text.splitlines()
    faults = [] if lines and lines[0] == f"# {folder}" else [f"the title is not {folder!r}"]
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    if headings != list(HEADINGS):
        faults.append(f"its headings are {headings}")
    return faults


def permission_faults(permission: Permission) -> list[str]:
    """What is wrong with a permission: an action or a resource that names too much."""
    faults = [action for action in permission.actions if not ACTION.fullmatch(action)]
    return faults if RESOURCE.fullmatch(permission.resource) else [*faults, permission.resource]


@each_folder
def test_a_folder_is_named_for_what_it_does(folder: str) -> None:
    assert NAME.fullmatch(folder)
    assert specs()[folder].folder == folder


@each_folder
def test_a_folder_is_complete(folder: str) -> None:
    assert missing_files(FUNCTIONS / folder) == []


@each_folder
def test_a_readme_has_the_headings_of_all(folder: str) -> None:
    assert readme_faults((FUNCTIONS / folder / "README.md").read_text(), folder) == []


@each_folder
def test_a_folder_has_its_tests(folder: str) -> None:
    assert list((TESTS / folder).glob("test_*.py"))


@each_handler
def test_a_handler_is_short_and_importing_it_does_nothing(folder: str) -> None:
    lines = (FUNCTIONS / folder / "handler.py").read_text().splitlines()
    assert len([line for line in lines if line]) <= LONGEST_HANDLER
    assert callable(importlib.import_module(f"functions.{folder}.handler").lambda_handler)


@each_folder
def test_modules_are_short_and_say_what_they_are(folder: str) -> None:
    for module in (FUNCTIONS / folder).glob("*.py"):
        text = module.read_text()
        assert text.startswith('"""'), module
        assert len(text.splitlines()) <= LONGEST_MODULE, module


@each_folder
def test_a_summary_is_one_sentence_for_the_catalogue(folder: str) -> None:
    summary = specs()[folder].summary
    assert re.fullmatch(r"[A-Z][^|\n]{10,98}\.", summary)


def test_what_has_a_dockerfile_is_a_task_and_nothing_else_is() -> None:
    with_one = {folder for folder in FOLDERS if (FUNCTIONS / folder / "Dockerfile").exists()}
    tasks = {folder: spec for folder, spec in specs().items() if isinstance(spec, TaskSpec)}
    assert with_one == set(tasks)
    # Fargate ends a container after two minutes at most.
    assert all(0 < spec.stop_seconds <= 120 for spec in tasks.values())


@each_destination
def test_a_destinations_folder_is_named_for_its_kind(spec: DestinationSpec) -> None:
    assert spec.folder == f"to_{spec.kind}"
    assert spec.documentation.startswith("https://")


@each_destination
def test_a_destination_has_time_for_its_vendor(spec: DestinationSpec) -> None:
    assert spec.vendor_timeout_seconds > 0
    assert spec.vendor_timeout_seconds + 5 < spec.timeout_seconds


@each_destination
def test_a_destinations_repeat_is_one_of_its_choices(spec: DestinationSpec) -> None:
    assert not spec.repeat_choices or spec.repeat in spec.repeat_choices


@each_destination
def test_a_destinations_permissions_name_what_they_are_for(spec: DestinationSpec) -> None:
    assert [fault for one in spec.permissions for fault in permission_faults(one)] == []


@each_destination
def test_a_destinations_documents_are_strict_and_explained(spec: DestinationSpec) -> None:
    readme = (FUNCTIONS / spec.folder / "README.md").read_text()
    assert issubclass(spec.document, DestinationDocument)
    assert issubclass(spec.deploy_time, DeployTime)
    models: tuple[type[BaseModel], ...] = (spec.document, spec.deploy_time)
    for model in models:
        assert model.model_config.get("extra") == "forbid"
        assert model.model_config.get("frozen") is True
        for name in model.model_fields.keys() - DestinationDocument.model_fields.keys():
            assert f"`{name}`" in readme
    for field in spec.secret_fields:
        assert f"`{field}`" in readme


def test_the_catalogue_holds_every_folder() -> None:
    assert sorted(specs()) == FOLDERS
    tested = {path.name for path in TESTS.iterdir() if path.is_dir()} - {"__pycache__"}
    assert tested <= set(FOLDERS)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "to_acme"
    folder.mkdir()
    (folder / "handler.py").touch()
    missing = ["__init__.py", "spec.py", "README.md", "settings.py", "request.py"]
    assert missing_files(folder) == missing


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# to_other\n## What it does\n## Configuration\n## When it fails\n## Good to know\n",
        "# to_acme\n## What it does\n## When it fails\n## Configuration\n## Good to know\n",
        "# to_acme\n## What it does\n## Configuration\n## When it fails\n",
    ],
)
def test_a_readme_that_differs_is_found(text: str) -> None:
    assert readme_faults(text, "to_acme")


@pytest.mark.parametrize(
    "permission",
    [
        Permission(("s3:*",), "arn:{partition}:s3:::{bucket}/*"),
        Permission(("s3:PutObject",), "*"),
        Permission(("s3:PutObject",), "arn:{partition}:s3:*"),
        Permission(("s3:PutObject",), "arn:{partition}:s3:::*"),
        Permission(("s3:PutObject",), "arn:{partition}:s3:::*/{prefix}*"),
    ],
)
def test_a_permission_that_names_too_much_is_found(permission: Permission) -> None:
    assert permission_faults(permission)
