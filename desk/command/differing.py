"""`switchboard mappings diff`."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from desk.apply.documents import DocumentError, stripped
from desk.command.days import day_of
from desk.command.output import DONE, FAILED, console, fail, print_json, results
from desk.mappings.differing import Difference, difference
from desk.mappings.stored import StoredEvents
from desk.reference_data.lookups import OfStage, gathering, of_files
from desk.target import Target, reach
from switchboard.destination_documents import compile_mapping_document
from switchboard.event import as_document
from switchboard.gathering import Gather
from switchboard.guards import Fact
from switchboard.mapping import Mapping
from switchboard.routing import Route, asked_by, choose, compile_route

DESK_KEY = "the key of no destination"


def diff(  # noqa: PLR0913 - each is an option of its own
    new: Path,
    /,
    *,
    against: Literal["archive"] = "archive",
    old: Path | None = None,
    stage: str = "laptop",
    destination: str | None = None,
    source: str | None = None,
    reference: tuple[Path, ...] = (),
    since: str = "yesterday",
    until: str = "today",
    first: int = 10,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Map stored events by an old and a new mapping, and show what changes. Nothing is written.

    Events are read from their raw payloads in the archive. The exit code is 1 where an event that
    could be mapped before cannot be mapped any more.

    Examples:
        switchboard mappings diff documents/mappings/crm-call.json --against archive --stage dev
        switchboard mappings diff new.json --old old.json --since 2026-11-24 --destination crm

    Args:
        new: the new mapping document; its file's name is the mapping's.
        against: where the events come from: the raw archive.
        old: the old mapping document; else the one that the stage has under the same name.
        stage: whose events they are.
        destination: only the events that this destination takes, as its document stands.
        source: only events of this source.
        reference: CSV files, each a reference table of its name, instead of the stage's.
        since: the first day: `YYYY-MM-DD`, `today` or `yesterday`.
        until: the last day.
        first: how many changes are shown.
        json: print them as JSON.
    """
    del against
    target = reach(stage)
    name = f"mappings/{new.stem}"
    after = _compiled(new.name, _read(new))
    before = _compiled(*((old.name, _read(old)) if old else (name, _standing(target, name))))
    try:
        days = list(_days(since, until))
    except ValueError as error:
        return fail(str(error))
    stored = StoredEvents(target)
    gather = gathering(of_files(reference) if reference else OfStage(target), stored.payload)
    facts = stored.of_days(days, source)
    if destination is not None:
        text = _standing(target, f"destinations/{destination}")
        facts = _taken(facts, text, destination, gather)
    with console.status("mapping stored events"):
        found = difference(facts, before, after, first, gather)
    if json:
        print_json(_plain(found))
    else:
        _show(found)
    return FAILED if found.broken else DONE


def _read(path: Path) -> str:
    try:
        return stripped(path.read_text(), path.name)
    except OSError as error:
        raise DocumentError(f"{path}: {error.strerror}") from None


def _standing(target: Target, name: str) -> str:
    text = target.parameters(f"{name.partition('/')[0]}/").get(name)
    if text is None:
        raise DocumentError(f"the stage {target.stage} has no {name}")
    return text


def _compiled(name: str, text: str) -> Mapping:
    return compile_mapping_document(name, text, key=lambda: DESK_KEY)


def _days(since: str, until: str) -> Iterator[date]:
    today = datetime.now(UTC).date()
    day, last = day_of(since, today), day_of(until, today)
    while day <= last:
        yield day
        day += timedelta(days=1)


def _taken(facts: Iterator[Fact], text: str, destination: str, gather: Gather) -> Iterator[Fact]:
    """Those that the router would choose it for: not those on which its predicate fails."""
    route = Route(destination, compile_route(text, destination).when, version=0)
    for fact in facts:
        given = gather(asked_by([route]), as_document(fact.event), None)
        if choose(fact.event, [route], given).choices:
            yield fact


def _plain(found: Difference) -> dict[str, object]:
    return {
        "events": found.events,
        "changed": found.changed,
        "broken": found.broken,
        "mended": found.mended,
        "fields": dict(found.fields),
        "first": [asdict(one) for one in found.first],
    }


def _show(found: Difference) -> None:
    results.print(
        f"{found.events} events mapped by both: {found.changed} differ, {found.broken} cannot be"
        f" mapped any more, {found.mended} can be now"
    )
    if found.fields:
        counts = Table("field", "events that differ")
        for name, count in found.fields.most_common():
            counts.add_row(escape(name), str(count))
        results.print(counts)
    for one in found.first:
        results.print(f"{one.event_id[:12]} {one.type} {one.field}", markup=False)
        results.print(f"  before {one.before}\n  after  {one.after}", markup=False, soft_wrap=True)
