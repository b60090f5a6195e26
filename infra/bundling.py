"""What is deployed as code, built without Docker: the layer, the functions' folders, the reader.

The layer is the wheel of layers/switchboard and its locked dependencies, built from one lock for
two targets: the platform that is deployed to, and the machine at hand, where the laptop stack runs
it. Builds are kept under .work/, named by what went into them, so that each is made once.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILDS = ROOT / ".work" / "builds"
PACKAGE = ROOT / "layers" / "switchboard"
FUNCTIONS = ROOT / "functions"
READER = "stream_reader"
DEPLOYED_PYTHON = "3.13"
PLATFORMS = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}


@dataclass(frozen=True, slots=True)
class Target:
    """What a build is for. `platform` None is the machine at hand."""

    python: str
    platform: str | None
    bytecode_by: Path | None

    @property
    def label(self) -> str:
        """For names and messages."""
        return f"{self.platform or 'host-' + platform.machine()}-{self.python}"


def host_target() -> Target:
    """This machine and this interpreter."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Target(version, None, Path(sys.executable))


def deploy_target(cpu: str, *, bytecode: bool) -> Target:
    """Lambda's platform. Byte-code needs a 3.13 interpreter on this machine."""
    return Target(DEPLOYED_PYTHON, PLATFORMS[cpu], deployed_python() if bytecode else None)


def deployed_python() -> Path | None:
    """An interpreter of the deployed version on this machine, if there is one."""
    if sys.version_info[:2] == (3, 13):
        return Path(sys.executable)
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{DEPLOYED_PYTHON}*/bin/python3"))
    found = shutil.which(f"python{DEPLOYED_PYTHON}")
    candidates = [*pyenv, *([Path(found)] if found else [])]
    return next((python for python in candidates if _runs(python)), None)


def _runs(python: Path) -> bool:
    """A shim may be on the PATH and still have no interpreter behind it."""
    code = f"import sys; sys.exit('{DEPLOYED_PYTHON}' != '%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0


def layer(target: Target) -> Path:
    """The folder that becomes /opt: `python/` with the package and its dependencies."""
    locked = ROOT / "locks" / "layer.txt"
    name = f"layer-{target.label}-{_digest([*_package(), locked], str(target.bytecode_by))}"

    def build(folder: Path) -> None:
        _install_package(folder / "python", locked, target)
        _compile(folder / "python", target, "/opt/python")

    return _build(name, build)


def reader_tree(target: Target) -> Path:
    """The folder that is the image's /app, made here: what its Dockerfile makes, without Docker."""
    locked, sources = ROOT / "locks" / "stream_reader.txt", _sources(READER)
    made_of = _digest([*_package(), locked, *sources], str(target.bytecode_by))

    def build(app: Path) -> None:
        _install_package(app, locked, target)
        _copy(sources, app)
        _compile(app, target, "/app")

    return _build(f"reader-{target.label}-{made_of}", build)


def reader_context() -> Path:
    """What `docker build` is given: nothing but the Dockerfile, the lock, the wheel, the reader."""
    locked, sources = ROOT / "locks" / "stream_reader.txt", _sources(READER)
    dockerfile = FUNCTIONS / READER / "Dockerfile"

    def build(context: Path) -> None:
        shutil.copyfile(dockerfile, context / "Dockerfile")
        shutil.copyfile(locked, context / locked.name)
        _wheel(context)
        _copy(sources, context)

    made_of = _digest([*_package(), locked, dockerfile, *sources], "")
    return _build(f"reader-context-{made_of}", build)


def runtime(target: Target) -> Path:
    """What the Lambda runtime itself brings, for the laptop stack: its client and boto3."""
    locked = ROOT / "locks" / "runtime.txt"

    def build(folder: Path) -> None:
        _install(folder, target, ["--require-hashes", "-r", str(locked)])
        _compile(folder, target, "/var/runtime")

    return _build(f"runtime-{target.label}-{_digest([locked], '')}", build)


def function(folder: str, target: Target) -> Path:
    """The folder that becomes /var/task: one function, and nothing of any other."""
    sources = _sources(folder)
    name = f"function-{folder}-{target.python}-{_digest(sources, str(target.bytecode_by))}"

    def build(staged: Path) -> None:
        _copy(sources, staged)
        _compile(staged, target, "/var/task")

    return _build(name, build)


def _package() -> list[Path]:
    """What the wheel of the shared package is made of."""
    modules = [path for path in sorted(PACKAGE.rglob("*.py")) if "testing" not in path.parts]
    return [*modules, PACKAGE / "pyproject.toml"]


def _sources(folder: str) -> list[Path]:
    """The modules of one function, and of no other."""
    return [FUNCTIONS / "__init__.py", *sorted((FUNCTIONS / folder).rglob("*.py"))]


def _copy(sources: Iterable[Path], into: Path) -> None:
    for source in sources:
        copy = into / "functions" / source.relative_to(FUNCTIONS)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)


def _wheel(into: Path) -> Path:
    """The wheel of the shared package, and beside it nothing."""
    _uv("build", "--wheel", "--quiet", "--out-dir", str(into), str(PACKAGE))
    (into / ".gitignore").unlink(missing_ok=True)
    (wheel,) = into.glob("*.whl")
    return wheel


def _install_package(into: Path, locked: Path, target: Target) -> None:
    """The shared package, and what is locked for it."""
    _install(into, target, ["--require-hashes", "-r", str(locked)])
    with tempfile.TemporaryDirectory() as folder:
        _install(into, target, ["--no-deps", str(_wheel(Path(folder)))])


def _install(into: Path, target: Target, what: list[str]) -> None:
    platform_options = ["--python-platform", target.platform] if target.platform else []
    _uv(
        "pip", "install", "--quiet", "--target", str(into), "--python", sys.executable,
        "--python-version", target.python, *platform_options, "--only-binary", ":all:",
        "--link-mode", "copy", "--no-installer-metadata", *what,
    )  # fmt: skip
    # Console scripts name the interpreter's path, and records list them: both differ by machine.
    shutil.rmtree(into / "bin", ignore_errors=True)
    for record in [*into.glob("*.dist-info/RECORD"), into / ".lock"]:
        record.unlink(missing_ok=True)


def _compile(folder: Path, target: Target, deployed_at: str) -> None:
    """Byte-code that depends on nothing but the sources: /opt and /var/task are read-only."""
    if target.bytecode_by is None:
        return
    subprocess.run(
        [
            target.bytecode_by, "-m", "compileall", "-q", "-j", "0",
            "--invalidation-mode", "unchecked-hash", "-s", folder, "-p", deployed_at, folder,
        ],
        check=True,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0"},
    )  # fmt: skip


def _build(name: str, build: Callable[[Path], None]) -> Path:
    """The build `name`, made now if it was not made before; half a build is never seen."""
    # CDK takes what follows a dot for a file's ending.
    name = name.replace(".", "_")
    done = BUILDS / name
    if done.exists():
        return done
    BUILDS.mkdir(parents=True, exist_ok=True)
    making = BUILDS / f".{name}-{os.getpid()}"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    build(making)
    try:
        making.rename(done)
    except OSError:
        shutil.rmtree(making)
    return done


def _uv(*arguments: str) -> None:
    uv = Path(sys.executable).parent / "uv"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([uv, *arguments], check=True, env=environment)


def _digest(paths: Iterable[Path], more: str) -> str:
    hashed = hashlib.sha256(more.encode())
    for path in paths:
        hashed.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()[:16]


def main() -> None:
    """Build everything that a synthesis and the laptop need, so that neither needs a network.

    `--check-bytecode` builds nothing, and fails where what is deployed would have no byte-code.
    """
    if sys.argv[1:] == ["--check-bytecode"]:
        if deployed_python() is None:
            sys.exit(
                f"deploy: byte-code needs a Python {DEPLOYED_PYTHON} on this machine: install one"
                f" so that `python{DEPLOYED_PYTHON}` is on the PATH"
            )
        return
    layer(host_target())
    runtime(host_target())
    reader_tree(host_target())
    reader_context()
    for cpu in PLATFORMS:
        layer(deploy_target(cpu, bytecode=deployed_python() is not None))


if __name__ == "__main__":
    main()
