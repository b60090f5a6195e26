"""`switchboard forget`."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from desk.command.output import DONE, FAILED, console, fail, print_json, results
from desk.forgetting.person import person_of
from desk.forgetting.stage import Report, Stage
from desk.forgetting.theirs import Theirs
from desk.target import reach
from switchboard.phone import DEFAULT_REGION

Flag = Annotated[bool, Parameter(negative="")]
COLUMNS = ("store", "looked at", "found", "forgotten", "left")


def forget(
    whom: str,
    /,
    *,
    region: str = DEFAULT_REGION,
    stage: str = "laptop",
    events_only: Flag = False,
    yes: Flag = False,
    json: Flag = False,
) -> int:
    """Delete one person's data from everything that a stage keeps, by phone number or e-mail.

    Without --yes nothing is changed: the table says what would go. Theirs is every event that holds
    the number or address, however it is written, and every event of an interaction that has such a
    one. Events and deliveries stay as what they were and when, without what they held.

    Afterwards everything is looked through again; exit 1 if something is left. What destinations
    were sent is theirs to delete: the report counts it.

    Examples:
        switchboard forget +14155550123
        switchboard forget jo@example.com --stage prod --yes --json

    Args:
        whom: a phone number, with its country code or one of REGION, or an e-mail address.
        region: the country of a number that has no country code, such as GB.
        stage: whose storage it is.
        events_only: leave an interaction's other events as they are: for an agent's address.
        yes: do it.
        json: print the report as JSON.
    """
    person = person_of(whom, region)
    theirs = Theirs(person, whole_interactions=not events_only)
    with console.status("looking") as status:
        storage = Stage(reach(stage), lambda name, number: status.update(f"{name}: {number}"))
        report = storage.look(theirs)
        if yes:
            report = storage.forget(theirs, report, datetime.now(UTC))
    if json:
        print_json(_plain(report, done=yes))
    else:
        _show(report, done=yes)
    if yes and report.left:
        fail(
            f"{report.left} are left: see the column. Documents that name the number are yours to"
            " change; messages that were being delivered, or wait behind others of their group, are"
            " found when you run it again"
        )
        return FAILED
    return DONE


def _plain(report: Report, *, done: bool) -> dict[str, Any]:
    return {**asdict(report), "done": done, "left": report.left}


def _show(report: Report, *, done: bool) -> None:
    table = Table()
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == COLUMNS[0] else "right")
    for store in report.stores:
        told = [store.looked_at, store.found, store.forgotten, store.left]
        table.add_row(store.name, *(str(number) for number in told))
    results.print(table)
    results.print(f"{report.events} events, {report.interactions} interactions as a whole")
    for name, number in sorted(report.delivered.items()):
        results.print(f"{name} was sent {number} and keeps them: delete them there", markup=False)
    if done:
        results.print(f"recorded as {report.request}")
    else:
        results.print("nothing was changed; --yes does it")
