"""One source: read while its document stands and its lease is held, again and again."""

import asyncio
import contextlib
from functools import partial

from functions.stream_reader.measures import Measures
from functions.stream_reader.ownership import Ownership
from functions.stream_reader.plan import plan_of
from functions.stream_reader.ports import Ports
from functions.stream_reader.progress import FencedOut, Progress
from functions.stream_reader.reading import Reading
from switchboard.configuration import Configured, parse_document
from switchboard.errors import ConfigurationError, SwitchboardError
from switchboard.lease import Lease
from switchboard.sources import READ_KINDS, SourceDocument


class SourceReader:
    """Reads the source `name`, which is of `kind`, until it is stopped."""

    def __init__(self, name: str, kind: str, ports: Ports) -> None:
        self.measures = Measures(name, ports.telemetry)
        self._name = name
        self._kind = READ_KINDS[kind]
        self._ports = ports
        self._stopping = asyncio.Event()
        self._reading: Reading | None = None
        self.measures.gauge("in_flight", lambda: self.in_flight)

    def stop(self) -> None:
        """Take in no more; `run` ends when what came is sent and kept."""
        self._stopping.set()

    async def run(self) -> None:
        """Read; what ends a period of reading is told, and the next one begins."""
        while not self._stopping.is_set():
            try:
                await self._period(await asyncio.to_thread(self._judged))
            except FencedOut as error:
                self.measures.warn("stopped: another reader has the source", why=str(error))
            except SwitchboardError as error:
                self.measures.event("configuration_errors")
                self.measures.warn("the source is not read", why=str(error))
            else:
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._ports.pace.try_again)

    @property
    def in_flight(self) -> int:
        """Frames whose event SQS has not taken."""
        return 0 if self._reading is None else self._reading.in_flight

    def _judged(self) -> Configured[SourceDocument]:
        """The document that serves now.

        Raises:
            ConfigurationError: there is none, or none that was ever good.
            Unavailable: it was never read, and cannot be now.
        """
        name = f"sources/{self._name}"
        parameter = self._ports.parameters.get(name).get(name)
        if parameter is None:
            raise ConfigurationError(f"there is no document {name}; write it, `switchboard apply`")
        parse = partial(parse_document, self._kind.document, name)
        return self._ports.last_good.judge(name, parameter, parse)

    async def _period(self, configured: Configured[SourceDocument]) -> None:
        """Read by one version of the document, under a lease where the plan wants one."""
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not plan_of(self._kind, configured.document).leased:
            await self._read(configured, None, lost)
            return
        ports = self._ports
        ownership = Ownership(ports.leases, self._name, ports.owner, self.measures, ports.pace)
        lease = await self._contend(ownership)
        if lease is None:
            return
        keeping = asyncio.create_task(ownership.keep(lease))
        try:
            await self._read(configured, lease, keeping)
            if keeping.done():
                self.measures.warn("the lease is lost: another task reads, or will")
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await ownership.release(lease)

    async def _contend(self, ownership: Ownership) -> Lease | None:
        """The lease, or None when we are stopped before it is ours."""
        contending = asyncio.create_task(ownership.contend())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({contending, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return contending.result() if contending.done() else None
        finally:
            for task in (contending, stopping):
                task.cancel()
            await asyncio.gather(contending, stopping, return_exceptions=True)

    async def _read(
        self,
        configured: Configured[SourceDocument],
        lease: Lease | None,
        lost: "asyncio.Future[None]",
    ) -> None:
        progress = None
        if lease is not None:
            progress = Progress(self._ports.checkpoints, self._name, lease.fence)
        plan = plan_of(self._kind, configured.document)
        reading = Reading(self._name, plan, self._ports, self.measures, progress)
        self._reading = reading
        changed = asyncio.create_task(self._changed(configured.version))
        try:
            await reading.run(lambda: self._stopping.is_set() or changed.done(), lost)
        finally:
            self._reading = None
            changed.cancel()
            await asyncio.gather(changed, return_exceptions=True)

    async def _changed(self, version: int) -> None:
        """Wait until another version of the document serves."""
        while True:
            await asyncio.sleep(self._ports.pace.document_every)
            with contextlib.suppress(SwitchboardError):
                if (await asyncio.to_thread(self._judged)).version != version:
                    return
