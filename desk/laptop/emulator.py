"""The emulator's process, as the laptop stack starts and asks it."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from desk.laptop.address import StackError, post
from desk.laptop.client import Credentials, emulator_client

START_SECONDS = 60.0


class EmulatorProcess:
    """A context manager. `folder` takes its log of calls, its output and its address.

    With `log_sends` there is a log of every message that SQS takes, too.
    """

    def __init__(self, folder: Path, *, log_sends: bool = False) -> None:
        self._folder = folder
        self.calls = folder / "calls.jsonl"
        self.sends = folder / "sends.jsonl"
        self._log_sends = log_sends
        self.url = ""

    def __enter__(self) -> Self:
        """Start it.

        Raises:
            StackError: it did not start.
        """
        ready = self._folder / "emulator.ready"
        for left in (ready, self.calls, self.sends):
            left.unlink(missing_ok=True)
        command = [sys.executable, "-m", "desk.emulator", str(ready), str(self.calls)]
        if self._log_sends:
            command.append(str(self.sends))
        with (self._folder / "emulator.log").open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C ends this process, and this process ends the emulator.
                start_new_session=True,
            )
        latest = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < latest:
            if ready.exists():
                self.url = ready.read_text()
                return self
            time.sleep(0.02)
        self.stop()
        raise StackError(f"the emulator did not start; see {self._folder / 'emulator.log'}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self.stop()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def stop(self) -> None:
        """End it; what it held is gone."""
        self._process.kill()
        self._process.wait()

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """A client of `service`; without credentials, the operator's."""
        return emulator_client(service, self.url, credentials)

    def ask(self, what: str, given: Mapping[str, Any] | None = None) -> Any:
        """Ask something of the desk's own: `state`, `faults`, `clock`, `credentials`."""
        return post(f"{self.url}/_desk/{what}", given or {})

    def credentials(self, role: str) -> Credentials:
        """Credentials of `role`, like those that Lambda gives its functions."""
        return Credentials(self.ask("credentials", {"role": role})["key_id"])
