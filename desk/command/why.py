"""`switchboard why`."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from desk.command.names import DestinationName
from desk.command.output import DONE, print_json, results
from desk.records.events import Kept
from desk.target import reach
from desk.timeline.asking import Asking
from desk.timeline.why import Answer


def why(
    event: str,
    destination: DestinationName,
    /,
    *,
    stage: str = "laptop",
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Say why a destination has an event or not, where the delivery is, and what to do.

    What was chosen is recorded, with the version of the document that chose it. What was not is
    judged again by the versions of the document that were good; the part of the predicate that the
    event does not fulfil is shown with the value that it looked at.

    Examples:
        switchboard why 39fd353f915b crm --stage prod
        switchboard why 39fd353f915b pager --json

    Args:
        event: the event's id, or its beginning, of the last two weeks.
        destination: its name.
        stage: where it was recorded.
        json: print the answer as JSON.
    """
    kept, answer = Asking(reach(stage), datetime.now(UTC)).why(event, destination)
    if json:
        print_json({"event_id": kept.key.event_id, "group": kept.key.group, **asdict(answer)})
    else:
        _show(kept, destination, answer)
    return DONE


def _show(kept: Kept, destination: str, answer: Answer) -> None:
    said = f"{kept.key.event_id[:12]} {kept.type} of {kept.source}, {kept.time}"
    results.print(said, markup=False)
    word = "[bold green]taken[/]" if answer.taken else "[bold yellow]not taken[/]"
    results.print(f"{word} by {destination}: {escape(answer.why)}", soft_wrap=True)
    if answer.parts:
        table = Table("predicate", "holds", "what it saw")
        for part in answer.parts:
            holds = "[green]yes[/]" if part.holds else "[bold red]no[/]"
            table.add_row(escape(part.text), holds, escape(part.seen))
        results.print(table)
    results.print(f"now: {answer.where}", markup=False, soft_wrap=True)
    for command in answer.next:
        results.print(f"next: {command}", markup=False, soft_wrap=True)
