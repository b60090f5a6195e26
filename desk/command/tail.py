"""`switchboard tail`."""

import json as jsons
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from desk.command.names import DestinationName, SourceName
from desk.command.output import DONE, console, results
from desk.records.events import EventRecords
from desk.records.ledger import LedgerRecords
from desk.target import reach
from desk.timeline.standing import coloured
from desk.timeline.tail import Change, Filter, Tail
from switchboard.held import ROUTE

EVERY_SECONDS = 1.0
RESTS = 4
"""A poll that took long is followed by a rest of so many times its length."""


def tail(
    *,
    source: SourceName | None = None,
    destination: DestinationName | None = None,
    state: str | None = None,
    type: str | None = None,  # noqa: A002 - the option's name
    for_: Annotated[float | None, Parameter(name="--for")] = None,
    stage: str = "laptop",
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Show events as they are recorded, and how their deliveries go on. Ctrl-C ends it.

    Events of today are seen (of their own time, in UTC), their deliveries are followed until they
    are final, and dead letters of older events are shown as well.

    Examples:
        switchboard tail --stage prod
        switchboard tail --destination crm --state dead
        switchboard tail --type 'interaction.*' --for 60 --json

    Args:
        source: only events of this source.
        destination: only deliveries to this destination.
        state: only deliveries that come into this state.
        type: only events of this type; `*` stands for anything.
        for_: end after so many seconds.
        stage: which stage.
        json: print one JSON object a line.
    """
    target = reach(stage)
    events = EventRecords(target)
    names = sorted(
        name.removeprefix("destinations/")
        for name in target.kinds()
        if name.startswith("destinations/")
    )
    sources = [source] if source else events.sources()
    following = Tail(events, LedgerRecords(target), sources, [*names, ROUTE])
    wanted = Filter(source, type, destination, state)
    try:
        _follow(following, wanted, _print_json if json else _print, for_)
    except KeyboardInterrupt:
        console.print("ended")
    return DONE


def _follow(
    following: Tail, wanted: Filter, show: Callable[[Change], None], seconds: float | None
) -> None:
    end = None if seconds is None else time.monotonic() + seconds
    following.start(datetime.now(UTC))
    console.print("[dim]following; Ctrl-C ends it[/]")
    while True:
        began = time.monotonic()
        for change in following.poll(datetime.now(UTC)):
            if wanted.takes(change):
                show(change)
        now = time.monotonic()
        if end is not None and now >= end:
            return
        rest = max(EVERY_SECONDS, RESTS * (now - began))
        time.sleep(rest if end is None else min(rest, end - now))


def _print_json(change: Change) -> None:
    sys.stdout.write(jsons.dumps(asdict(change), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _print(change: Change) -> None:
    who = f"{change.destination} {coloured(change.state)}" if change.destination else change.source
    words = [change.at[11:19], change.event_id[:12], f"[bold]{who}[/]", change.type]
    line = " ".join(word for word in words if word)
    results.print(f"{line} {escape(change.text)}", soft_wrap=True)
