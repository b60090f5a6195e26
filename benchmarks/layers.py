"""The size of what is deployed."""

from infra import bundling


def measure() -> dict[str, str]:
    """Unzipped megabytes of the layer for each processor."""
    bytecode = bundling.deployed_python() is not None
    with_it = "with byte-code" if bytecode else "without byte-code"
    return {
        f"layer, {cpu}, {with_it}": f"{_megabytes(cpu, bytecode=bytecode):.1f} MB | 30 MB"
        for cpu in bundling.PLATFORMS
    }


def _megabytes(cpu: str, *, bytecode: bool) -> float:
    layer = bundling.layer(bundling.deploy_target(cpu, bytecode=bytecode))
    return sum(path.stat().st_size for path in layer.rglob("*") if path.is_file()) / 2**20
