"""`switchboard search`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any

from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from desk.command.days import day_of
from desk.command.names import SourceName
from desk.command.output import DONE, FAILED, console, fail, print_json, results
from desk.records.events import Kept
from desk.target import reach
from desk.timeline.asking import Asking
from desk.timeline.search import Wanted
from desk.timeline.search import search as search_events
from desk.timeline.standing import QUEUED, coloured
from switchboard.ledger import Entry
from switchboard.mapping.phones import e164

Flag = Annotated[bool, Parameter(negative="")]


def search(  # noqa: PLR0913 - each is an option of its own
    *,
    source: SourceName | None = None,
    type: str | None = None,  # noqa: A002 - the option's name
    day: str = "today",
    days: int = 1,
    text: str | None = None,
    phone: str | None = None,
    region: str = "US",
    limit: int = 50,
    stage: str = "laptop",
    json: Flag = False,
) -> int:
    """Find events, and show where each of their deliveries stands. Exit 1: nothing was found.

    Days are those of the events' own time, in UTC. The newest day comes first; a day is read in
    parts until enough is found.

    Examples:
        switchboard search --type 'interaction.*' --text invoice
        switchboard search --source contact-centre --day yesterday --days 7 --stage prod
        switchboard search --phone '(415) 555-2671' --days 3

    Args:
        source: only events of this source.
        type: only events of this type; `*` stands for anything.
        day: the last day that is searched: `YYYY-MM-DD`, `today` or `yesterday`.
        days: how many days, that one included.
        text: in the event's subject or data, whatever the case.
        phone: a number in the event's subject or data, however either is written.
        region: the country of numbers that are written without one.
        limit: how many events at the most.
        stage: where they were recorded.
        json: print them as JSON.
    """
    try:
        last = day_of(day, datetime.now(UTC).date())
    except ValueError as error:
        return fail(str(error))
    if days < 1 or limit < 1:
        return fail("--days and --limit must be 1 or more")
    if phone is not None and e164(phone, region) is None:
        return fail(f"{phone} is no phone number in {region}; name its country with --region")
    asking = Asking(reach(stage), datetime.now(UTC))
    end = datetime.combine(last + timedelta(days=1), time(), UTC)
    sources = [source] if source else asking.events.sources()
    wanted = Wanted(end - timedelta(days=days), end, sources, type, text, phone, region)
    with console.status("searching") as status:
        looked = search_events(
            asking.events,
            wanted,
            limit=limit,
            looked=lambda number: status.update(f"{number} events looked at"),
        )
        found = list(looked)
        entries = asking.standing(found)
    if json:
        print_json([_plain(kept, entries) for kept in found])
    elif found:
        _show(found, entries, limit)
    else:
        console.print("nothing was found")
    return DONE if found else FAILED


def _standing(kept: Kept, entries: Mapping[tuple[str, str], Entry]) -> Mapping[str, str]:
    """The state of each delivery of an event, by destination."""
    none = "held" if kept.held else QUEUED
    found = {choice.name: entries.get((kept.key.event_id, choice.name)) for choice in kept.choices}
    return {name: str(entry.state) if entry else none for name, entry in found.items()}


def _plain(kept: Kept, entries: Mapping[tuple[str, str], Entry]) -> Mapping[str, Any]:
    return {
        "event_id": kept.key.event_id,
        "group": kept.key.group,
        "source": kept.source,
        "type": kept.type,
        "time": kept.time,
        "subject": kept.event.subject if kept.event else None,
        "held": kept.held,
        "deliveries": _standing(kept, entries),
    }


def _show(found: Sequence[Kept], entries: Mapping[tuple[str, str], Entry], limit: int) -> None:
    table = Table()
    for column in ("time (UTC)", "event"):
        table.add_column(column, no_wrap=True)
    for column in ("source", "type", "subject"):
        table.add_column(column)
    table.add_column("deliveries", no_wrap=True)
    for kept in found:
        states = _standing(kept, entries).items()
        table.add_row(
            kept.time[:19].replace("T", " "),
            kept.key.event_id[:12],
            kept.source,
            kept.type,
            escape((kept.event.subject if kept.event else "") or ""),
            "\n".join(f"{name} {coloured(state)}" for name, state in states)
            or (coloured("held") if kept.held else ""),
        )
    results.print(table)
    if len(found) == limit:
        results.print(f"the first {limit}; --limit shows more")
    results.print(f"next: switchboard timeline {found[0].key.event_id[:12]}")
