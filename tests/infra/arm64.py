"""A Python 3.13 for arm64 to run under emulation, from Debian's packages.

It is made once, in a minute, by debootstrap, and kept outside the checkout.
"""

import os
import shutil
import subprocess
from pathlib import Path

EMULATOR = "qemu-aarch64-static"
RELEASE = "trixie"
TOOLS = (EMULATOR, "debootstrap", "dpkg-deb")


class Missing(Exception):
    """What this machine lacks for it."""


class Arm64:
    """Runs code in an interpreter of the deployed platform."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._python = root / "usr" / "bin" / "python3.13"
        if not self._python.exists():
            self._make()

    def run(self, code: str, path: list[Path], cwd: Path) -> str:
        """What `code` prints, with nothing but `path` to import from."""
        done = subprocess.run(
            [EMULATOR, self._python, "-S", "-P", "-c", code],
            cwd=cwd,
            env={
                "PATH": os.environ["PATH"],
                "QEMU_LD_PREFIX": str(self._root),
                "PYTHONHOME": str(self._root / "usr"),
                "PYTHONPATH": ":".join(str(folder) for folder in path),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip()

    def _make(self) -> None:
        """Unpack the packages; half a root is never seen."""
        making = self._root.with_name(f".{self._root.name}-{os.getpid()}")
        shutil.rmtree(making, ignore_errors=True)
        making.parent.mkdir(parents=True, exist_ok=True)
        made = subprocess.run(
            ["debootstrap", "--foreign", "--arch=arm64", "--variant=minbase",
             "--include=python3,ca-certificates", RELEASE, making],
            check=False,
            capture_output=True,
            text=True,
        )  # fmt: skip
        if made.returncode != 0:
            said = (made.stdout + made.stderr).strip().splitlines()
            raise Missing(f"debootstrap got no packages: {said[-1] if said else made.returncode}")
        for package in sorted((making / "var" / "cache" / "apt" / "archives").glob("*.deb")):
            # Some hold device files or owners that only a whole system could have.
            subprocess.run(["dpkg-deb", "-x", package, making], check=False, capture_output=True)
        making.rename(self._root)


def arm64() -> Arm64:
    """The interpreter; `ARM64_ROOT` names a Debian root that is there already.

    Raises:
        Missing: the tools for it are not here.
    """
    for tool in TOOLS:
        if shutil.which(tool) is None:
            raise Missing(f"there is no {tool}")
    if os.geteuid() != 0 and "ARM64_ROOT" not in os.environ:
        raise Missing("debootstrap needs root, and ARM64_ROOT names no root for arm64")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Arm64(Path(os.environ.get("ARM64_ROOT") or cache / "switchboard" / "arm64"))
