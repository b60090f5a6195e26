"""The product's reader, as a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 120.0
"""As Fargate gives it between SIGTERM and SIGKILL."""


class ReaderTask:
    """`skew` is by how many seconds its clock is ahead."""

    def __init__(self, environment: Mapping[str, str], log: Path, skew: float = 0.0) -> None:
        skewed = ["tests.faults.skewed", str(skew)]
        module = skewed if skew else ["functions.stream_reader"]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *module],
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        self._process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """SIGTERM, and wait; its exit code."""
        self.ask_to_stop()
        return self.ended()

    def ended(self) -> int:
        """Wait for its end; its exit code. A second SIGTERM would hit it while it leaves."""
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL
