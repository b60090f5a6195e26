"""Bringing groups back from `ingest-bulk`, by asking what the router has fanned out."""

import asyncio
import time

from functions.stream_reader.measures import Measures
from functions.stream_reader.outlet import Outlet
from switchboard.bulk_progress import BulkProgress
from switchboard.errors import SwitchboardError

ASK_AT_ONCE = 200


async def bring_back(
    outlet: Outlet, progress: BulkProgress, measures: Measures, *, every: float
) -> None:
    """Ask for ever, while there is something to ask; what cannot be asked now is asked later."""
    while True:
        await asyncio.sleep(every)
        if not outlet.catch_up.is_catching_up:
            continue
        try:
            await _ask(outlet, progress)
        except SwitchboardError as error:
            measures.warn("groups stay in bulk: what was routed cannot be read", why=str(error))


async def _ask(outlet: Outlet, progress: BulkProgress) -> None:
    catch_up = outlet.catch_up
    events = catch_up.to_ask(ASK_AT_ONCE)
    if events:
        catch_up.routed(await asyncio.to_thread(progress.routed, events))
    looked_at = time.time()
    if outlet.bulk_is_idle and await asyncio.to_thread(progress.empty):
        catch_up.bulk_was_empty(looked_at)
