"""The stream reader's image: its content starts alone, and its Dockerfile makes just that content.

No Docker is needed: what a build would run is run here.
"""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pip
import pytest

from infra import bundling
from infra.constructs.task import NOBODY, SCRATCH

DOCKERFILE = bundling.FUNCTIONS / bundling.READER / "Dockerfile"
TARGETS = {"arm64": "arm64", "amd64": "x86_64"}
NO_NETWORK = ("Failed to establish a new connection", "name resolution", "No matching distribution")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's /app for this machine, in a folder that holds nothing else."""
    folder = tmp_path_factory.mktemp("image") / "app"
    shutil.copytree(bundling.reader_tree(bundling.host_target()), folder)
    return folder


def alone(app: Path, code: str, elsewhere: Path) -> subprocess.CompletedProcess[str]:
    """Run `code` with `app` as everything there is beside Python's own library."""
    return subprocess.run(
        [sys.executable, "-S", "-P", "-c", code],
        cwd=elsewhere,
        env={"PYTHONPATH": str(app), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def modules(app: Path) -> list[str]:
    """Every module of the reader, by its name."""
    found = (app / "functions" / "stream_reader").rglob("*.py")
    names = (".".join(path.relative_to(app).with_suffix("").parts) for path in found)
    return sorted(name.removesuffix(".__init__") for name in names)


def test_every_module_of_the_reader_imports_from_the_tree_alone(app: Path, tmp_path: Path) -> None:
    names = modules(app)
    assert "functions.stream_reader.spec" in names
    code = (
        f"import importlib; made = [importlib.import_module(n) for n in {names!r}]; "
        "import aiohttp, boto3, msgspec, switchboard, websockets; "
        "made += [aiohttp, boto3, msgspec, switchboard, websockets]; "
        f"assert all(m.__file__.startswith({str(app)!r}) for m in made), made; "
        "import functions, pkgutil; "
        "print([m.name for m in pkgutil.iter_modules(functions.__path__)])"
    )
    done = alone(app, code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['stream_reader']"


def test_the_tree_has_byte_code_and_nothing_of_the_workshop(app: Path) -> None:
    for name in modules(app):
        folder, _, module = name.replace(".", "/").rpartition("/")
        packaged = (app / folder / module).is_dir()
        cached = (
            (app / folder / module / "__pycache__").glob("__init__.*.pyc")
            if packaged
            else (app / folder / "__pycache__").glob(f"{module}.*.pyc")
        )
        assert list(cached), name
    assert not (app / "bin").exists()
    assert not (app / "switchboard" / "testing").exists()
    for absent in ("infra", "desk", "aws_cdk", "pytest"):
        assert not (app / absent).exists()


def test_all_trees_have_equal_distributions_and_equal_sources(app: Path) -> None:
    for cpu in bundling.PLATFORMS:
        deployed = bundling.reader_tree(bundling.deploy_target(cpu, bytecode=False))
        assert distributions(deployed) == distributions(app)
        assert sources(deployed) == sources(app)


def distributions(tree: Path) -> dict[str, str]:
    found = importlib.metadata.distributions(path=[str(tree)])
    return {distribution.name: distribution.version for distribution in found}


def sources(tree: Path) -> dict[str, bytes]:
    return {str(path.relative_to(tree)): path.read_bytes() for path in sorted(tree.rglob("*.py"))}


def test_the_context_is_the_same_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bundling.reader_context()
    monkeypatch.setattr(bundling, "BUILDS", tmp_path)
    again = bundling.reader_context()
    assert first.name == again.name
    assert first != again
    assert held(first) == held(again)
    assert sorted(path.name for path in again.iterdir()) == [
        "Dockerfile",
        "functions",
        "stream_reader.txt",
        "switchboard-0.1.0-py3-none-any.whl",
    ]


def held(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def stages() -> tuple[list[str], list[str]]:
    """The instructions of the stage that builds, and of the one that is deployed."""
    joined = re.sub(r"\\\n", " ", DOCKERFILE.read_text())
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    first, second = (i for i, line in enumerate(lines) if line.startswith("FROM "))
    return lines[first:second], lines[second:]


def test_what_is_deployed_is_only_copied_so_that_nothing_is_emulated() -> None:
    building, deployed = stages()
    assert building[0].startswith("FROM --platform=$BUILDPLATFORM python:3.13-slim")
    assert deployed[0] == "FROM python:3.13-slim"
    assert not [line for line in deployed if line.startswith(("RUN", "ADD"))]
    assert [line for line in deployed if line.startswith("COPY")] == ["COPY --from=build /app /app"]
    assert f"USER {NOBODY}" in deployed
    assert f'VOLUME ["{SCRATCH}"]' in deployed
    assert deployed[-1] == 'ENTRYPOINT ["python", "-m", "functions.stream_reader"]'


@pytest.mark.parametrize("processor", sorted(TARGETS))
def test_the_dockerfile_makes_the_tree_that_was_tested(processor: str, tmp_path: Path) -> None:
    python = bundling.deployed_python()
    if python is None:
        pytest.skip("NOT RUN: there is no Python 3.13 to resolve with")
    made = tmp_path / "app"
    done = build(processor, made, python, tmp_path)
    if done.returncode != 0 and any(sign in done.stderr for sign in NO_NETWORK):
        assert not os.environ.get("CI"), done.stderr
        pytest.skip("NOT RUN: no package index is reached")
    assert done.returncode == 0, done.stderr
    tested = bundling.reader_tree(bundling.deploy_target(TARGETS[processor], bytecode=True))
    assert content(made) == content(tested)


def build(
    processor: str, made: Path, python: Path, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Do here what `docker build` would, with /app elsewhere."""
    context = folder / "context"
    shutil.copytree(bundling.reader_context(), context)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(python)
    # A Debian's own Python has no pip; the image's has, and ours is as good.
    (folder / "pip").mkdir()
    (folder / "pip" / "pip").symlink_to(Path(pip.__file__).parent)
    (run,) = (line.removeprefix("RUN ") for line in stages()[0] if line.startswith("RUN "))
    return subprocess.run(
        ["/bin/sh", "-c", run.replace("/app", str(made))],
        cwd=context,
        env=os.environ
        | {
            "TARGETARCH": processor,
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(folder / "pip"),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def content(tree: Path) -> dict[str, bytes]:
    """What a tree holds, without the paths that byte-code and pip's own notes bear."""
    ours = {name: data for name, data in held(tree).items() if not name.endswith(".pyc")}
    notes = ("/RECORD", "/INSTALLER", "/REQUESTED", "/direct_url.json")
    compiled = {name: b"" for name in held(tree) if name.endswith(".pyc")}
    return compiled | {name: data for name, data in ours.items() if not name.endswith(notes)}
