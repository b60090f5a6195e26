"""The whole laptop stack: emulator, deployment, sandboxes, tasks, pollers and the API's front."""

import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from os import getpid
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from desk.laptop.address import Address, StackError, attach, file_of, folder_of
from desk.laptop.assembly import Assembly, read_assembly
from desk.laptop.deployment import Deployed, deploy, read_deployed, read_mappings
from desk.laptop.emulator import EmulatorProcess
from desk.laptop.gateway import Gateway
from desk.laptop.logs import SHIP_EVERY_SECONDS, ProcessLog
from desk.laptop.poller import Poller
from desk.laptop.pool import Pool
from desk.laptop.sandbox import Host, InvocationFailed
from desk.laptop.schedules import fire
from desk.laptop.services import DeployedService, read_services
from desk.laptop.task import Task, TaskHost
from infra import bundling

SANDBOXES = 2
"""Per mapping, whatever its MaximumConcurrency allows: a laptop has few cores."""

FOLLOW_EVERY_SECONDS = 1.0


class LaptopStack:
    """A context manager that starts everything, and stops it.

    `assembly` is the folder that CDK wrote for `stage`; `name` is what others find the stack by,
    and where its logs are (the stage's, if it has none); `layer` and `reader` replace the layer and
    the stream reader's image as they are built for this machine; `port` is the API's; `sandboxes`
    is how many of a function's invocations one mapping may have at once, at most its
    MaximumConcurrency. With `log_sends` there is a log of every message that SQS takes.
    """

    def __init__(
        self,
        assembly: Path,
        *,
        stage: str = "laptop",
        name: str | None = None,
        layer: Path | None = None,
        reader: Path | None = None,
        port: int = 0,
        sandboxes: int = SANDBOXES,
        log_sends: bool = False,
    ) -> None:
        self.stage = stage
        self.name = name or stage
        self._sandboxes = sandboxes
        self.folder = folder_of(self.name)
        self._emulator = EmulatorProcess(self.folder, log_sends=log_sends)
        self.assembly: Assembly = read_assembly(assembly)
        self._layer = layer
        self._reader = reader
        self._port = port
        self._pools: dict[str, Pool] = {}
        self._pollers: list[Poller] = []
        self._tasks: dict[str, list[Task]] = {}
        self.logs: list[ProcessLog] = []
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        """Start everything; what was started is stopped again if the rest cannot be.

        Raises:
            StackError: it is up already, or the emulator did not start.
            DeploymentFailed: a template did not deploy whole.
        """
        if (other := attach(self.name)) is not None:
            raise StackError(f"the stack {self.name} is up already in process {other.pid}; end it")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._emulator.__enter__()
        try:
            deploy(self.assembly, self.endpoint_url)
            self.deployed: Deployed = read_deployed(self.assembly, self.endpoint_url)
            self._start_functions()
            self._start_tasks()
            file_of(self.name).write_text(json.dumps(asdict(self.address)))
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
        file_of(self.name).unlink(missing_ok=True)
        for task in self._every_task():
            task.stop()
        for poller in self._pollers:
            poller.stop()
        for poller in self._pollers:
            poller.join()
        if hasattr(self, "gateway"):
            self.gateway.close()
        for pool in self._pools.values():
            pool.close()
        for log in self.logs:
            log.close()
        self._emulator.stop()

    @property
    def address(self) -> Address:
        """How others reach it."""
        return Address(self.stage, self.endpoint_url, self.gateway.url, getpid())

    @property
    def endpoint_url(self) -> str:
        """The emulator, which every client of AWS talks to."""
        return self._emulator.url

    @property
    def emulator_pid(self) -> int:
        """The emulator's process."""
        return self._emulator.pid

    @property
    def calls(self) -> Path:
        """The emulator's log: one JSON line per request."""
        return self._emulator.calls

    @property
    def sends(self) -> Path:
        """The emulator's log of the messages that SQS took, where it was asked for."""
        return self._emulator.sends

    @property
    def api_url(self) -> str:
        """The deployed API's stage."""
        return self.address.api_url

    def client(self, service: str) -> Any:
        """A client with the operator's credentials."""
        return self._emulator.client(service)

    def pool(self, function: str) -> Pool:
        """The sandboxes of a function, by its full name."""
        return self._pools[function]

    def tasks(self, service: str) -> Sequence[Task]:
        """The tasks of an ECS service, by its full name."""
        return self._tasks[service]

    def redeploy_tasks(self) -> None:
        """Replace every task by a new one, as `aws ecs update-service --force-new-deployment`."""
        for task in self._every_task():
            task.redeploy()

    def _every_task(self) -> Sequence[Task]:
        return [task for running in self._tasks.values() for task in running]

    def invoke(self, function: str, event: Any) -> Any:
        """Invoke a function by its full name.

        Raises:
            InvocationFailed: it failed.
            LookupError: there is no such function.
        """
        if function not in self._pools:
            known = ", ".join(sorted(self._pools))
            raise LookupError(f"there is no function {function}; there are {known}")
        return self._pools[function].invoke(event)

    def kill_next(
        self, function: str, *, after_invocations: int = 0, delay_seconds: float = 0.0
    ) -> None:
        """Kill a function's process so long after it took the next event, or a later one."""
        self._pools[function].kill_next(delay_seconds, after_invocations=after_invocations)

    def at_rest(self, mapping_id: str) -> bool:
        """Whether a disabled mapping takes nothing more: Lambda's state `Disabled`."""
        return all(one.at_rest for one in self._pollers if one.mapping_id == mapping_id)

    def desk(self, what: str, given: Any = None) -> Any:
        """Ask the emulator something of the desk's own: `state`, `faults`, `clock`."""
        return self._emulator.ask(what, given)

    def usage(self) -> dict[str, list[list[Any]]]:
        """What roles were `granted`, `used` and `denied`: role, action, pattern or resource."""
        state = self.desk("state")
        return {kind: state[kind] for kind in ("granted", "used", "denied")}

    def _start_functions(self) -> None:
        target = bundling.host_target()
        host = Host(
            layer=self._layer or bundling.layer(target),
            runtime=bundling.runtime(target),
            endpoint_url=self.endpoint_url,
        )
        for name in self.deployed.functions:
            self._pools[name] = self._pool(name, host)
        self.gateway = Gateway(
            self.stage,
            {route: self._pools[name] for route, name in self.deployed.routes.items()},
            self._control,
            port=self._port,
        )
        for mapping in self.deployed.mappings:
            pool = self._pools[mapping.function]
            self._pollers.append(
                Poller(mapping, pool, self.endpoint_url, sandboxes=self._sandboxes)
            )
            self._pollers[-1].start()
        for task in (self._ship_logs, self._follow_mappings, self._take_invocations):
            threading.Thread(target=task, daemon=True).start()
        for schedule in self.deployed.schedules:
            given = schedule, self._pools[schedule.function].invoke, self._stopping
            threading.Thread(target=fire, args=given, daemon=True).start()

    def _start_tasks(self) -> None:
        for service in read_services(self.assembly, self.endpoint_url).values():
            app = self._reader or bundling.reader_tree(bundling.host_target())
            host = TaskHost(app, self.endpoint_url, self.folder)
            credentials = self._emulator.credentials(service.role)
            log = self._task_log(service)
            self._tasks[service.name] = [
                Task(service, credentials, host, log.write) for _ in range(service.tasks)
            ]

    def _task_log(self, service: DeployedService) -> ProcessLog:
        """ECS writes a task's lines, by the role that starts it."""
        ours = self._emulator.client("logs", self._emulator.credentials(service.execution_role))
        log = ProcessLog(service.name, service.log_group, self.folder, ours)
        self.logs.append(log)
        return log

    def _pool(self, name: str, host: Host) -> Pool:
        function = self.deployed.functions[name]
        credentials = self._emulator.credentials(function.role)
        log = ProcessLog(
            name, f"/aws/lambda/{name}", self.folder, self._emulator.client("logs", credentials)
        )
        self.logs.append(log)
        mappings = sum(mapping.function == name for mapping in self.deployed.mappings)
        at_once = self._sandboxes * max(1, mappings)
        return Pool(function, credentials, host, log.write, at_once=at_once)

    def _ship_logs(self) -> None:
        while not self._stopping.wait(SHIP_EVERY_SECONDS):
            for log in self.logs:
                log.ship()

    def _follow_mappings(self) -> None:
        """Take up what is changed while it runs: `aws lambda update-event-source-mapping`."""
        while not self._stopping.wait(FOLLOW_EVERY_SECONDS):
            try:
                mappings = read_mappings(set(self._pools), self.endpoint_url)
            except (BotoCoreError, ClientError):
                continue  # an emulator that is stopping
            now = {mapping.mapping_id: mapping for mapping in mappings}
            for poller in self._pollers:
                if poller.mapping_id in now:
                    poller.follow(now[poller.mapping_id])

    def _take_invocations(self) -> None:
        """Invoke what functions started: `InvocationType=Event`."""
        while not self._stopping.wait(FOLLOW_EVERY_SECONDS):
            try:
                started = self.desk("invocations")
            except OSError:
                continue  # an emulator that is stopping
            for one in started:
                threading.Thread(target=self._invoke_alone, kwargs=one, daemon=True).start()

    def _invoke_alone(self, function: str, event: Any) -> None:
        """Nobody waits for the answer; a failure is in the function's log."""
        with suppress(InvocationFailed):
            self.invoke(function, event)

    def _control(self, what: str, given: Any) -> Any:
        """What other processes ask for through the gateway."""
        if what == "name":
            return {"name": self.name}
        if what == "invoke":
            return self.invoke(given["function"], given["event"])
        raise LookupError(f"there is no /_desk/{what}")
