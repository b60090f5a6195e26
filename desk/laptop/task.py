"""A task of an ECS service, as a process of this machine in an environment of its own."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from desk.laptop import init
from desk.laptop.client import REGION, Credentials
from desk.laptop.services import DeployedService

PAUSE_SECONDS = 1.0
"""Until a task that ended is followed by a new one."""


@dataclass(frozen=True, slots=True)
class TaskHost:
    """What a task runs on here: the image's /app as a folder, the emulator, where to write."""

    app: Path
    endpoint_url: str
    folder: Path


class Task:
    """Runs until it is stopped: what ends by itself, or is killed, is started anew."""

    def __init__(
        self,
        service: DeployedService,
        credentials: Credentials,
        host: TaskHost,
        log: Callable[[bytes], None],
    ) -> None:
        self.started = 0
        """How many processes it has had."""
        self._service = service
        self._environment = _environment(service, credentials, host)
        self._app = host.app
        self._log = log
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process = self._start()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    @property
    def pid(self) -> int:
        """Its process now, under which the command runs."""
        return self._process.pid

    def kill(self) -> None:
        """End it at once, whatever it is doing; a new one follows."""
        _kill(self._process)

    def redeploy(self) -> None:
        """Stop it as a deployment does; a new one follows."""
        process = self._process
        self._end(process)

    def stop(self) -> None:
        """Stop it: SIGTERM, and SIGKILL where it does not end in the time that it has."""
        with self._lock:
            self._stopping.set()
        self._end(self._process)
        self._keeper.join()

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(self._service.stop_seconds)
        except subprocess.TimeoutExpired:
            _kill(process)

    def _keep(self) -> None:
        """Take its lines until it ends, and start the next one."""
        while True:
            process = self._process
            assert process.stdout is not None  # noqa: S101 - it was asked for
            with process.stdout as lines:
                for line in lines:
                    self._log(line)
            process.wait()
            self._stopping.wait(PAUSE_SECONDS)
            with self._lock:
                if self._stopping.is_set():
                    return
                self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        python = [sys.executable, "-S", "-P"]
        self.started += 1
        return subprocess.Popen(
            [*python, str(init.__file__), *python, *self._service.command],
            cwd=self._app,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for whoever started the stack; and both processes end by one signal.
            start_new_session=True,
        )


def _kill(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _environment(
    service: DeployedService, credentials: Credentials, host: TaskHost
) -> dict[str, str]:
    """What the image and the stack set, as the service's role, and nothing of this machine."""
    return {
        **{name: _here(value, service, host) for name, value in service.environment.items()},
        **credentials.environment(),
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": host.endpoint_url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "HOME": str(host.folder),
        "PYTHONPATH": str(host.app),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
    }


def _here(value: str, service: DeployedService, host: TaskHost) -> str:
    """A file of the container's scratch volume is one of the stack's folder."""
    below = f"{service.scratch}/"
    return str(host.folder / value.removeprefix(below)) if value.startswith(below) else value
