"""The real arm64 builds, imported under emulation: the one difference to what all others test.

It needs qemu-aarch64-static on the PATH and, in ARM64_ROOT, a Debian root for arm64 with Python
3.13. Where one is missing, the tests print NOT RUN.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra import bundling
from infra.catalogue import handlers

EMULATOR = "qemu-aarch64-static"
ROOT = Path(os.environ.get("ARM64_ROOT", "/opt/arm64"))
PYTHON = ROOT / "usr" / "bin" / "python3.13"


@pytest.fixture(scope="module")
def emulator() -> str:
    found = shutil.which(EMULATOR)
    if found is None:
        pytest.skip(f"NOT RUN: there is no {EMULATOR}")
    if not PYTHON.exists():
        if os.environ.get("CI"):
            pytest.fail(f"NOT RUN: {EMULATOR} is here, and there is no {PYTHON}")
        pytest.skip(f"NOT RUN: there is no {PYTHON}; set ARM64_ROOT")
    return found


def emulated(emulator: str, path: list[Path], code: str, cwd: Path) -> str:
    done = subprocess.run(
        [emulator, PYTHON, "-S", "-P", "-c", code],
        cwd=cwd,
        env={
            "QEMU_LD_PREFIX": str(ROOT),
            "PYTHONHOME": str(ROOT / "usr"),
            "PYTHONPATH": ":".join(str(folder) for folder in path),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def test_every_handler_imports_from_the_real_arm64_layer(emulator: str, tmp_path: Path) -> None:
    target = bundling.deploy_target("arm64", bytecode=bundling.deployed_python() is not None)
    staged = [bundling.function(folder, target) for folder in handlers()]
    # One process for all: under emulation nearly all of its time is the layer.
    code = (
        "import functions, importlib, platform; assert platform.machine() == 'aarch64'; "
        f"functions.__path__ = [f'{{p}}/functions' for p in {[str(path) for path in staged]!r}]; "
        f"made = [importlib.import_module(f'functions.{{f}}.handler') for f in {list(handlers())}];"
        " assert all(callable(m.lambda_handler) for m in made); "
        "import pydantic_core; print(len(made), pydantic_core._pydantic_core.__file__)"
    )
    path = [staged[0], bundling.layer(target) / "python"]
    count, core = emulated(emulator, path, code, tmp_path).split()
    assert int(count) == len(handlers())
    assert "aarch64" in core


def test_the_reader_imports_from_the_real_arm64_tree(emulator: str, tmp_path: Path) -> None:
    target = bundling.deploy_target("arm64", bytecode=bundling.deployed_python() is not None)
    tree = bundling.reader_tree(target)
    names = sorted(
        ".".join(path.relative_to(tree).with_suffix("").parts).removesuffix(".__init__")
        for path in (tree / "functions" / "stream_reader").rglob("*.py")
    )
    code = (
        f"import importlib; made = [importlib.import_module(n) for n in {names!r}]; "
        "import aiohttp, msgspec, boto3, switchboard.aws.clients, websockets.speedups; "
        "print(websockets.speedups.__file__, msgspec._core.__file__)"
    )
    for binary in emulated(emulator, [tree], code, tmp_path).split():
        assert "aarch64" in binary
