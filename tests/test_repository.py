"""What holds for the whole repository: its directions, its names, and what is never committed."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from infra.bundling import ROOT

PACKAGES = {
    "switchboard": ROOT / "layers" / "switchboard" / "src" / "switchboard",
    "functions": ROOT / "functions",
    "infra": ROOT / "infra",
    "desk": ROOT / "desk",
}
CONTRACTS = [
    contract["id"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
]
# For each contract a line that breaks it, and the module it is added to.
BREAKS = {
    "shared-package": ("switchboard/event.py", "import desk.target"),
    "pure": ("switchboard/routing.py", "import switchboard.settings"),
    "only-aws-has-boto3": ("functions/to_s3/request.py", "import boto3"),
    "functions-are-independent": ("functions/to_s3/request.py", "import functions.to_webhook.spec"),
    "functions-look-down": ("functions/to_s3/request.py", "import infra.names"),
    "async-sqs-is-the-readers": (
        "functions/to_s3/request.py",
        "import switchboard.aws.async_sqs",
    ),
    "infra-reads-specs": ("infra/names.py", "import switchboard.aws.clients"),
    "the-world-outside": ("desk/sender/signing.py", "import switchboard.event"),
    "the-stream-outside": ("desk/pulsar/topic.py", "import switchboard.event"),
}
FORBIDDEN_NAMES = re.compile(r"(^|/)(utils?|helpers?|common|misc|manager|base)(\.py|/|$)")
REGISTRIES = re.compile(
    "|".join(("pypi\\.org", "pythonhosted\\.org", "npmjs\\.org", "registry\\.npm"))
)
LONGEST_MODULE = 300


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for line in done.stdout.splitlines() if (path := ROOT / line).is_file()]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    for name, source in PACKAGES.items():
        ignored = shutil.ignore_patterns("__pycache__", "*.json", "*.md")
        shutil.copytree(source, folder / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_directions_are_kept(copy: Path) -> None:
    done = lint_imports(copy)
    assert done.returncode == 0, done.stdout


def test_every_contract_has_something_that_breaks_it() -> None:
    assert set(BREAKS) == set(CONTRACTS)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_broken_direction_is_reported(copy: Path, contract: str) -> None:
    module, line = BREAKS[contract]
    path = copy / module
    before = path.read_text()
    path.write_text(f"{before}\n{line}\n")
    try:
        done = lint_imports(copy)
    finally:
        path.write_text(before)
    assert done.returncode != 0
    assert "BROKEN" in done.stdout
    importer = module.removesuffix(".py").replace("/", ".")
    assert importer in done.stdout


def test_no_lock_that_records_hosts() -> None:
    assert not (ROOT / "uv.lock").exists()
    for path in tracked():
        if path.suffix in {".txt", ".json", ".toml", ".md", ".py", ".yml"} or not path.suffix:
            assert not REGISTRIES.search(path.read_text(errors="ignore")), path


def test_every_lock_has_hashes() -> None:
    for lock in (ROOT / "locks").glob("*.txt"):
        pinned = re.findall(r"^\S+==", lock.read_text(), re.MULTILINE)
        assert pinned
        assert lock.read_text().count("--hash=sha256:") >= len(pinned)


def test_no_module_is_named_for_nothing_in_particular() -> None:
    for path in tracked():
        assert not FORBIDDEN_NAMES.search(str(path.relative_to(ROOT))), path


def test_modules_hold_one_idea() -> None:
    for path in tracked():
        if path.suffix == ".py" and "tests" not in path.parts:
            assert len(path.read_text().splitlines()) <= LONGEST_MODULE, path


def test_packages_are_typed() -> None:
    for package in PACKAGES.values():
        assert (package / "py.typed").exists()
