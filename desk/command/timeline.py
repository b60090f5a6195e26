"""`switchboard timeline`."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from desk.command.output import DONE, console, print_json, results
from desk.target import reach
from desk.timeline.asking import Asking
from desk.timeline.folded import folded
from desk.timeline.standing import coloured
from desk.timeline.story import Moment, Story


def timeline(
    interaction: str,
    /,
    *,
    stage: str = "laptop",
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Show an interaction from its first event to its last delivery, in the order of time.

    Events with their sources, and each delivery with its attempts, the vendor's answer and where
    it stands; before them the record that an interaction's events fold to. "After a gap" marks
    what a destination got although it misses an earlier event. The ledger keeps of each delivery
    its first attempt and its last state.

    Examples:
        switchboard timeline int-17d3a9 --stage prod
        switchboard timeline agent:ag-42:2026-11-27
        switchboard timeline 39fd353f915b --json

    Args:
        interaction: its id; or a group as it is written (`agent:…`), or an event's id or its
            beginning, for the group of that event.
        stage: where it was recorded.
        json: print it as JSON.
    """
    found = Asking(reach(stage), datetime.now(UTC)).timeline(interaction)
    if json:
        record = found.interaction
        told = None if record is None else record.model_dump(mode="json")
        print_json({**asdict(found), "interaction": told})
    else:
        _show(found)
    return DONE


def _show(found: Story) -> None:
    console.print(f"[dim]{escape(found.group)}[/]")
    if found.interaction is not None:
        for line in folded(found.interaction):
            results.print(line, markup=False)
    table = Table()
    for column in ("time (UTC)", "event", "where", "state"):
        table.add_column(column, no_wrap=True)
    table.add_column("")
    for moment in found.moments:
        table.add_row(
            moment.at[:19].replace("T", " "),
            moment.event_id[:12],
            f"[bold]{escape(moment.who)}[/]" if moment.what == "event" else f"  {moment.who}",
            coloured(moment.state),
            escape(_text(moment)),
        )
    results.print(table)
    for mark in found.marks:
        results.print(f"also in the ledger: {mark}", markup=False)


def _text(moment: Moment) -> str:
    if not moment.after_gap:
        return moment.text
    missed = ", ".join(name[:12] for name in moment.after_gap)
    return f"{moment.text}; after a gap: it has not got {missed}"
