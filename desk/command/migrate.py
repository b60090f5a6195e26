"""`switchboard migrate`."""

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

from cyclopts import App, Parameter
from rich.table import Table

from desk.command.output import DONE, FAILED, console, fail, print_json, results
from desk.migration.comparison import Comparison, Span, compare
from desk.migration.recorded import recorded
from desk.migration.sources import SourcePair, pair_of
from desk.target import reach

app = App(name="migrate", help="Moving to another way in, with both read side by side before.")

MARGIN = timedelta(minutes=15)
LISTED = 20


@app.command
def sapi(
    source: str,
    stream_source: str,
    /,
    *,
    stage: str = "laptop",
    hours: float = 24,
    until: datetime | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Compare what the legacy Streaming API and Event Streaming brought of one contact centre.

    Read both first, with `"deliver": false` in the new source's document. Nothing is changed.
    Exit 0: something was compared, and the stream brought all of it; 1: something is missing.

    Examples:
        switchboard migrate sapi legacy contact-centre --stage prod
        switchboard migrate sapi legacy contact-centre --hours 2 --json

    Args:
        source: the source of kind sapi.
        stream_source: the source of kind stream.
        stage: where both are deployed.
        hours: how much time is compared.
        until: its end; without it, ten minutes ago: what is younger may still be on its way.
        json: print every difference as JSON.
    """
    target = reach(stage)
    pair = pair_of(target, source, stream_source)
    end = _utc(until) if until else datetime.now(UTC) - timedelta(minutes=10)
    if hours <= 0:
        return fail("--hours must be more than 0")
    span = Span(end - timedelta(hours=hours), end)
    wide = Span(span.begin - MARGIN, span.end + MARGIN)
    found = compare(recorded(target, source, wide), recorded(target, stream_source, wide), span)
    if json:
        print_json(_plain(found, pair, span))
    else:
        _show(found, pair, span)
    return DONE if found.complete else FAILED


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _plain(found: Comparison, pair: SourcePair, span: Span) -> dict[str, object]:
    return {
        "old": pair.old,
        "new": pair.new,
        "from": span.begin.isoformat(),
        "until": span.end.isoformat(),
        "complete": found.complete,
        "compared": found.compared,
        "warnings": pair.warnings(span),
        **asdict(found),
    }


def _show(found: Comparison, pair: SourcePair, span: Span) -> None:
    for warning in pair.warnings(span):
        console.print(f"[bold yellow]warning[/]: {warning}", soft_wrap=True)
    results.print(f"{span.begin:%Y-%m-%d %H:%M} to {span.end:%Y-%m-%d %H:%M} UTC, by event time")
    results.print(_types(found, pair))
    if found.differences:
        results.print(_differences(found, pair))
    for title, events in (
        (f"only in {pair.old}", found.missing),
        (f"only in {pair.new}", found.extra),
    ):
        for event in events[:LISTED]:
            results.print(f"{title}: {event.time} {event.type} {event.event}", soft_wrap=True)
        if len(events) > LISTED:
            results.print(f"{title}: {len(events) - LISTED} more; --json lists all")
    for name, told in ((pair.old, found.told["old"]), (pair.new, found.told["new"])):
        for kind, number in sorted(told.items()):
            results.print(f"{name} told of {kind}: {number}")
    results.print(_verdict(found, pair))


def _types(found: Comparison, pair: SourcePair) -> Table:
    table = Table("type")
    for column in ("in both", "by content", f"only {pair.old}", f"only {pair.new}", "differing"):
        table.add_column(column, justify="right")
    for kind, numbers in sorted(found.types.items()):
        table.add_row(
            kind,
            str(numbers.both),
            str(numbers.by_content),
            str(numbers.only_old),
            str(numbers.only_new),
            str(numbers.differing),
        )
    return table


def _differences(found: Comparison, pair: SourcePair) -> Table:
    """Each field once for its type, with the first example."""
    numbers = Counter((one.type, one.field) for one in found.differences)
    first = {(one.type, one.field): one for one in reversed(found.differences)}
    table = Table("type", "field", "events", pair.old, pair.new)
    for key, number in numbers.most_common():
        example = first[key]
        table.add_row(*key, str(number), example.old or "absent", example.new or "absent")
    return table


def _verdict(found: Comparison, pair: SourcePair) -> str:
    if not found.compared:
        return f"{pair.old} brought nothing in this time, so that nothing is proven"
    if found.missing:
        return f"{len(found.missing)} of {found.compared} events are missing in {pair.new}"
    return (
        f"{pair.new} brought all {found.compared} events of {pair.old}; next: name one moment as"
        f" deliver_until of {pair.old} and as deliver_from of {pair.new}"
    )
