"""The real arm64 builds, imported under emulation: the one difference to what all others test.

Where the tools for it are missing, the tests print NOT RUN.
"""

from pathlib import Path

import pytest

from infra import bundling
from infra.catalogue import handlers
from tests.infra.arm64 import Arm64, Missing, arm64


@pytest.fixture(scope="module")
def emulated() -> Arm64:
    try:
        return arm64()
    except Missing as missing:
        pytest.skip(f"NOT RUN: {missing}")


def test_every_handler_imports_from_the_real_arm64_layer(emulated: Arm64, tmp_path: Path) -> None:
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
    count, core = emulated.run(code, path, tmp_path).split()
    assert int(count) == len(handlers())
    assert "aarch64" in core


def test_the_reader_imports_from_the_real_arm64_tree(emulated: Arm64, tmp_path: Path) -> None:
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
    for binary in emulated.run(code, [tree], tmp_path).split():
        assert "aarch64" in binary
