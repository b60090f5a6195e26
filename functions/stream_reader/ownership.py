"""One reader of a source at a time: a lease that is contended for, kept, and given up.

A new task contends while the old one still reads, and takes over when that one releases or is
silent for the length of a lease. Whoever cannot renew in time stops by its own clock before
another may begin; its checkpoints are refused besides, by the lease's fence.
"""

import asyncio
import contextlib
import time

from functions.stream_reader.measures import Measures
from functions.stream_reader.pace import Pace
from switchboard.errors import SwitchboardError
from switchboard.lease import Lease, LeaseStore


class Ownership:
    """The lease of one source. `owner` names this task."""

    def __init__(
        self,
        leases: LeaseStore,
        source: str,
        owner: str,
        measures: Measures,
        pace: Pace,
    ) -> None:
        self._leases = leases
        self._source = source
        self._owner = owner
        self._measures = measures
        self._seconds = pace.lease
        self._contend_every = pace.contend_every
        self._held_until = 0.0

    async def contend(self) -> Lease:
        """Wait until the source is ours."""
        while True:
            asked = time.monotonic()
            try:
                lease = await asyncio.to_thread(
                    self._leases.take, self._source, self._owner, time.time(), self._seconds
                )
            except SwitchboardError as error:
                self._measures.warn("the lease cannot be taken now", why=str(error))
                lease = None
            if lease is not None:
                self._held_until = asked + self._seconds
                return lease
            await asyncio.sleep(self._contend_every)

    async def keep(self, lease: Lease) -> None:
        """Renew the lease; returns when it is lost, or may be."""
        while True:
            await asyncio.sleep(self._seconds / 3)
            asked = time.monotonic()
            try:
                async with asyncio.timeout_at(self._loop_time(self._held_until)):
                    renewed = await asyncio.to_thread(
                        self._leases.renew, lease, time.time(), self._seconds
                    )
            except TimeoutError:
                return
            except SwitchboardError as error:
                self._measures.warn("the lease cannot be renewed now", why=str(error))
            else:
                if renewed is None:
                    return
                lease = renewed
                self._held_until = asked + self._seconds
            if time.monotonic() >= self._held_until:
                return

    async def release(self, lease: Lease) -> None:
        """Let the next one begin at once."""
        with contextlib.suppress(SwitchboardError):
            await asyncio.to_thread(self._leases.release, lease)

    @staticmethod
    def _loop_time(moment: float) -> float:
        return asyncio.get_running_loop().time() + moment - time.monotonic()
