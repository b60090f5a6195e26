"""A period of reading one source: by one document, and under one lease where one is needed."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping

from functions.stream_reader.bulk_return import bring_back
from functions.stream_reader.catch_up import CatchUp, CatchUpState
from functions.stream_reader.checkpoint import Checkpoint
from functions.stream_reader.forwarder import Forwarder
from functions.stream_reader.measures import Measures
from functions.stream_reader.outlet import Outlet
from functions.stream_reader.plan import Plan
from functions.stream_reader.ports import Ports
from functions.stream_reader.progress import Progress
from functions.stream_reader.surroundings import PlaceSession, Surroundings
from switchboard.errors import ConfigurationError, SwitchboardError


class Reading:
    """`progress` is None where the server keeps the place and no lease is held."""

    def __init__(
        self,
        source: str,
        plan: Plan,
        ports: Ports,
        measures: Measures,
        progress: Progress | None,
    ) -> None:
        self._source = source
        self._plan = plan
        self._ports = ports
        self._measures = measures
        self._progress = progress
        self._sessions: dict[str, PlaceSession] = {}

    @property
    def in_flight(self) -> int:
        """Frames whose event SQS has not taken."""
        return sum(session.unconfirmed for session in self._sessions.values())

    async def run(self, ended: Callable[[], bool], lost: "asyncio.Future[None]") -> None:
        """Read until `ended` says so, and then finish; or until `lost` is done, and then not.

        Raises:
            FencedOut: another reader has written since.
            ConfigurationError, Unavailable: it could not begin.
        """
        outlet, work = await self._begin()
        try:
            while not ended():
                await asyncio.wait([*work, lost], timeout=0.1, return_when=asyncio.FIRST_COMPLETED)
                if lost.done():
                    return
                for task in work:
                    if task.done():
                        task.result()
            await self._finish(outlet)
        finally:
            await _cancelled(work)

    async def _begin(self) -> tuple[Outlet, list["asyncio.Task[None]"]]:
        state = CatchUpState() if self._progress is None else await self._progress.read_catch_up()
        old_after = self._plan.old_after
        catch_up = CatchUp(
            state, old_after=float("inf") if old_after is None else old_after, now=time.time()
        )
        live, bulk = (
            Forwarder(self._ports.sender, url, self._ports.claims, self._measures)
            for url in (self._ports.ingest_url, self._ports.bulk_url)
        )
        outlet = Outlet(live, bulk, catch_up, time.time)
        self._sessions = await self._open(outlet)
        work = [
            asyncio.create_task(live.run()),
            asyncio.create_task(bulk.run()),
            asyncio.create_task(self._bring_back(outlet)),
            *(asyncio.create_task(session.run()) for session in self._sessions.values()),
        ]
        if self._progress is not None:
            work.append(asyncio.create_task(self._keep(self._progress, catch_up)))
        return outlet, work

    async def _open(self, outlet: Outlet) -> dict[str, PlaceSession]:
        around = Surroundings(
            source=self._source,
            credentials=self._credentials,
            forward=outlet.forward,
            connected=lambda: self._connected(outlet.catch_up),
            measures=self._measures,
            pace=self._ports.pace,
        )
        sessions = {}
        for place in self._plan.places:
            kept = place.first(time.time())
            if self._progress is not None and self._plan.marks:
                kept = await self._progress.read(place.name, kept)
            sessions[place.name] = place.session(kept, around)
        return sessions

    def _connected(self, catch_up: CatchUp) -> None:
        if self._plan.suspects:
            catch_up.suspect_everything(time.time())

    async def _credentials(self, refused_before: bool) -> Mapping[str, str]:
        return await asyncio.to_thread(self._secret, refused_before)

    def _secret(self, refused_before: bool) -> Mapping[str, str]:
        name = f"sources/{self._source}"
        if refused_before:
            self._ports.secrets.refresh(name)
        secret = self._ports.secrets.accepted(name)[0]
        missing = [field for field in self._plan.secret_fields if not secret.get(field)]
        if missing:
            raise ConfigurationError(
                f"the secret of {name} has no {missing[0]}; run `switchboard secrets set {name}`"
            )
        return secret

    async def _bring_back(self, outlet: Outlet) -> None:
        every = self._ports.pace.ask_every
        await bring_back(outlet, self._ports.bulk_progress, self._measures, every=every)

    async def _keep(self, progress: Progress, catch_up: CatchUp) -> None:
        """Keep the checkpoints each second; a store that is away only delays them."""
        while True:
            await asyncio.sleep(self._ports.pace.keep_every)
            try:
                await progress.write(catch_up.state(), self._marks())
            except SwitchboardError as error:
                self._measures.warn("checkpoints cannot be kept now", why=str(error))

    def _marks(self) -> Mapping[str, Checkpoint]:
        if not self._plan.marks:
            return {}
        return {name: session.checkpoint() for name, session in self._sessions.items()}

    async def _finish(self, outlet: Outlet) -> None:
        """Take in no more, let SQS take what came, and keep where we are."""
        for session in self._sessions.values():
            session.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._ports.pace.drain):
                await asyncio.gather(*(session.stopped() for session in self._sessions.values()))
        if self._progress is not None:
            await self._progress.write(outlet.catch_up.state(), self._marks())


async def _cancelled(work: "list[asyncio.Task[None]]") -> None:
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)
