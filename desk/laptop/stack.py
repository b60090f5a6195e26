"""The whole laptop stack: emulator, deployment, sandboxes, pollers and the API's front."""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from desk.laptop.assembly import Assembly, read_assembly
from desk.laptop.client import REGION, Credentials, emulator_client
from desk.laptop.deployment import Deployed, deploy, deployment_parameters, read_deployed
from desk.laptop.gateway import Gateway
from desk.laptop.logs import SHIP_EVERY_SECONDS, FunctionLog
from desk.laptop.poller import Poller
from desk.laptop.pool import Pool
from desk.laptop.sandbox import Host
from infra import bundling

ROOT = bundling.ROOT
WORK = ROOT / ".work" / "laptop"


class StackError(Exception):
    """The laptop stack cannot be started, or is not there; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Address:
    """How another process finds a stack that is up."""

    stage: str
    endpoint_url: str
    gateway_url: str
    pid: int

    @property
    def api_url(self) -> str:
        """The deployed API's stage."""
        return f"{self.gateway_url}/{self.stage}"

    def client(self, service: str) -> Any:
        """A client with the operator's credentials."""
        return emulator_client(service, self.endpoint_url)

    def invoke(self, function: str, event: Any) -> Any:
        """Invoke a function by its full name."""
        return _post(f"{self.gateway_url}/_desk/invoke", {"function": function, "event": event})

    def deployment(self) -> Mapping[str, Any]:
        """What the stacks wrote under `deployment/`."""
        return deployment_parameters(self.endpoint_url, self.stage)


def attach(stage: str = "laptop") -> Address | None:
    """The stack of `stage` that is up in another process, if there is one."""
    path = WORK / stage / "address.json"
    try:
        address = Address(**json.loads(path.read_text()))
        os.kill(address.pid, 0)
    except (OSError, ValueError, TypeError):
        return None
    return address


class LaptopStack:
    """A context manager. `assembly` is the folder that CDK wrote; `layer` replaces the layer."""

    def __init__(
        self, assembly: Path, *, stage: str = "laptop", layer: Path | None = None, port: int = 0
    ) -> None:
        self.stage = stage
        self.folder = WORK / stage
        self._assembly: Assembly = read_assembly(assembly)
        self._layer = layer
        self._port = port
        self._pools: dict[str, Pool] = {}
        self._pollers: list[Poller] = []
        self._logs: list[FunctionLog] = []
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        """Start everything; what was started is stopped again if the rest cannot be."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.calls = self.folder / "calls.jsonl"
        self.calls.unlink(missing_ok=True)
        self._start_emulator()
        try:
            deploy(self._assembly, self.endpoint_url)
            self.deployed: Deployed = read_deployed(self._assembly, self.endpoint_url)
            self._start_functions()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything; no process stays."""
        self._stopping.set()
        for poller in self._pollers:
            poller.stop()
        for poller in self._pollers:
            poller.join()
        if hasattr(self, "gateway"):
            self.gateway.close()
        for pool in self._pools.values():
            pool.close()
        for log in self._logs:
            log.close()
        (self.folder / "address.json").unlink(missing_ok=True)
        self._emulator.kill()
        self._emulator.wait()

    @property
    def address(self) -> Address:
        """How others reach it."""
        return Address(self.stage, self.endpoint_url, self.gateway.url, os.getpid())

    @property
    def api_url(self) -> str:
        """The deployed API's stage."""
        return self.address.api_url

    def client(self, service: str) -> Any:
        """A client with the operator's credentials."""
        return emulator_client(service, self.endpoint_url)

    def pool(self, function: str) -> Pool:
        """The sandboxes of a function, by its full name."""
        return self._pools[function]

    def invoke(self, function: str, event: Any) -> Any:
        """Invoke a function by its full name."""
        return self._pools[function].invoke(event)

    def desk(self, what: str, given: Any = None) -> Any:
        """Ask the emulator something of the desk's own: `state`, `faults`, `clock`."""
        return _post(f"{self.endpoint_url}/_desk/{what}", given or {})

    def _start_emulator(self) -> None:
        ready = self.folder / "emulator.ready"
        ready.unlink(missing_ok=True)
        with (self.folder / "emulator.log").open("wb") as output:
            self._emulator = subprocess.Popen(
                [sys.executable, "-m", "desk.emulator", str(ready), str(self.calls)],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        for _ in range(600):
            if ready.exists():
                self.endpoint_url = ready.read_text()
                return
            if self._emulator.poll() is not None:
                break
            time.sleep(0.1)
        self._emulator.kill()
        raise StackError(f"the emulator did not start; see {self.folder / 'emulator.log'}")

    def _start_functions(self) -> None:
        target = bundling.host_target()
        host = Host(
            layer=self._layer or bundling.layer(target),
            runtime=bundling.runtime(target),
            endpoint_url=self.endpoint_url,
        )
        for name, function in self.deployed.functions.items():
            credentials = Credentials(self.desk("credentials", {"role": function.role})["key_id"])
            log = FunctionLog(
                name, self.folder, emulator_client("logs", self.endpoint_url, credentials)
            )
            self._logs.append(log)
            self._pools[name] = Pool(function, credentials, host, log.write)
        threading.Thread(target=self._ship_logs, daemon=True).start()
        self.gateway = Gateway(
            self.stage,
            {route: self._pools[name] for route, name in self.deployed.routes.items()},
            self._control,
            self._port,
        )
        self._pollers = [
            Poller(mapping, self._pools[mapping.function], self.endpoint_url)
            for mapping in self.deployed.mappings
        ]
        for poller in self._pollers:
            poller.start()
        (self.folder / "address.json").write_text(json.dumps(asdict(self.address)))

    def _ship_logs(self) -> None:
        while not self._stopping.wait(SHIP_EVERY_SECONDS):
            for log in self._logs:
                log.ship()

    def _control(self, what: str, given: Any) -> Any:
        if what == "invoke":
            return self.invoke(given["function"], given["event"])
        return {"stage": self.stage, "region": REGION}


def _post(url: str, value: Any) -> Any:
    request = urllib.request.Request(  # noqa: S310 - an address of this machine
        url, json.dumps(value).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
        return json.load(answer)
