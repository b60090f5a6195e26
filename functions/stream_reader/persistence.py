"""Connection after connection, until the reading of a place is stopped."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable

from functions.stream_reader.connection import Refused, Unreachable
from functions.stream_reader.handshake import HEALTHY_SECONDS, BackOff
from functions.stream_reader.measures import Measures
from functions.stream_reader.pace import Pace
from functions.stream_reader.troubles import Troubles
from switchboard.errors import SwitchboardError


async def connect_again_and_again(
    connect: Callable[[Troubles], Awaitable[bool]],
    place: str,
    stopping: asyncio.Event,
    measures: Measures,
    pace: Pace,
) -> None:
    """Call `connect` until `stopping`; what it fails of is told, and it is tried again.

    `connect` says whether the next connection may follow at once; else the back-off is waited.
    """
    back_off = BackOff(pace.longest_back_off)
    troubles = Troubles(place, measures)
    while not stopping.is_set():
        began = time.monotonic()
        at_once = False
        try:
            at_once = await connect(troubles)
        except Refused as error:
            troubles.refused(error.answer, time.monotonic())
        except Unreachable as error:
            troubles.unreachable(str(error))
        except SwitchboardError as error:
            troubles.unprepared(str(error))
        if at_once or time.monotonic() - began >= HEALTHY_SECONDS:
            back_off.healthy()
        if at_once:
            continue
        with contextlib.suppress(TimeoutError):
            pause = back_off.seconds(random.random())  # noqa: S311 - jitter
            await asyncio.wait_for(stopping.wait(), pause)
