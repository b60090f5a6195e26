"""Bringing groups back from `ingest-bulk`, by asking what the router has fanned out."""

import asyncio
import time

from switchboard.bulk_progress import BulkProgress

from functions.stream_reader.catch_up import CatchUp
from functions.stream_reader.measures import Measures
from switchboard.errors import SwitchboardError

ASK_AT_ONCE = 200


async def bring_back(
    catch_up: CatchUp,
    progress: BulkProgress,
    measures: Measures,
    *,
    every: float,
) -> None:
    """Ask for ever, while there is something to ask; what cannot be asked now is asked later."""
    while True:
        await asyncio.sleep(every)
        try:
            await _ask(catch_up, progress)
        except SwitchboardError as error:
            measures.warn("groups stay in bulk: what was routed cannot be read", why=str(error))


async def _ask(catch_up: CatchUp, progress: BulkProgress) -> None:
    events = catch_up.to_ask(ASK_AT_ONCE)
    if events:
        catch_up.routed(await asyncio.to_thread(progress.routed, events))
    if not catch_up.asks_whether_empty(time.time()):
        return
    is_empty = await asyncio.to_thread(progress.empty)
    # A suspicion that began while the queue was being looked at is not ended by that look.
    if is_empty and catch_up.asks_whether_empty(time.time()):
        catch_up.bulk_was_empty()
