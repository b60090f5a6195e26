"""`switchboard prove`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from desk.command.days import day_of
from desk.command.output import DONE, FAILED, console, fail, print_json, results
from desk.proof.account import DestinationSum
from desk.proof.day import DayReader, Progress, Proof
from desk.proof.queries import queries as queries_of
from desk.target import reach

LISTED = 20
Flag = Annotated[bool, Parameter(negative="")]
MEANING = {
    "archived_not_recorded": "payloads in the archive that never became events",
    "no_entry": "recorded deliveries that neither the ledger nor a queue has",
    "no_event": "entries without their event",
    "no_raw_line": "events whose raw payload is not in the archive",
    "recorded_twice": "events that are recorded twice",
    "unread": "entries that this release cannot read",
}


def prove(
    day: str = "today",
    /,
    *,
    stage: str = "laptop",
    archive: Flag = False,
    queries: Flag = False,
    json: Flag = False,
) -> int:
    """Account for every event of a day and each of its deliveries. Exit 0 only if the sum closes.

    A day is that of the events' own time, in UTC. Every delivery that was recorded has one entry
    in the ledger, or waits in a queue; every payload in the archive became an event. What does not
    add up is named. Today is proven as far as it has come.

    Examples:
        switchboard prove 2026-11-27 --stage prod
        switchboard prove yesterday --archive --json
        switchboard prove today --queries

    Args:
        day: `YYYY-MM-DD`, `today` or `yesterday`.
        stage: whose day it is.
        archive: compare the whole raw archive of the day, not some 200 of its objects.
        queries: print the query behind each number, for the AWS CLI.
        json: print everything as JSON.
    """
    try:
        wanted = day_of(day, datetime.now(UTC).date())
    except ValueError as error:
        return fail(str(error))
    target = reach(stage)
    with _progress() as progress:
        proof = DayReader(target).prove(wanted, whole_archive=archive, progress=progress)
    commands = queries_of(target, proof) if queries else {}
    if json:
        print_json({**plain(proof), **({"queries": commands} if queries else {})})
    else:
        _show(proof)
        for counted, lines in commands.items():
            results.print(f"\n[bold]{counted}[/]")
            for line in lines:
                results.print(line, markup=False, soft_wrap=True)
    return DONE if proof.closes else FAILED


@contextmanager
def _progress() -> Iterator[Progress]:
    with console.status("reading") as status:
        yield lambda what, number: status.update(f"{what}: {number}")


def plain(proof: Proof) -> Mapping[str, Any]:
    """The proof for a program."""
    account = proof.account
    return {
        "day": f"{proof.day:%Y-%m-%d}",
        "closes": proof.closes,
        "sources": {name: vars(one) for name, one in account.sources.items()},
        "destinations": {
            name: {**vars(one), "waiting": one.waiting}
            for name, one in account.destinations.items()
        },
        "refused": proof.refused,
        "in_queues": proof.in_queues,
        "archive": asdict(proof.archived),
        "problems": [asdict(one) for one in account.problems],
        "problem_count": account.problem_count,
    }


def _show(proof: Proof) -> None:
    account = proof.account
    sources = Table("source")
    for column in ("captured", "taken by nobody", "held", "discarded"):
        sources.add_column(column, justify="right")
    for name, one in sorted(account.sources.items()):
        counts = (one.captured, one.unrouted, one.held, one.discarded)
        sources.add_row(name, *map(str, counts))
    results.print(sources)
    destinations = Table("destination")
    for column in ("recorded", "delivered once", "possibly twice", "waiting", "dead", "other"):
        destinations.add_column(column, justify="right" if column != "other" else "left")
    for name, found in sorted(account.destinations.items()):
        destinations.add_row(
            name,
            str(found.recorded),
            str(found.delivered_once),
            str(found.states["delivered"] - found.delivered_once),
            str(found.waiting),
            _dead(found),
            _others(found),
        )
    results.print(destinations)
    archived = proof.archived
    results.print(
        f"raw archive: {archived.lines} payloads in {archived.looked_at} objects looked at, of"
        f" {archived.objects}; refused by the router: {proof.refused}",
        soft_wrap=True,
    )
    _verdict(proof)


def _verdict(proof: Proof) -> None:
    account = proof.account
    for problem in account.problems[:LISTED]:
        results.print(f"[red]{MEANING[problem.kind]}[/]: {problem.what}", soft_wrap=True)
    if account.problem_count > LISTED:
        results.print(f"{account.problem_count - LISTED} more; --json lists a thousand")
    if proof.closes:
        waiting = sum(one.waiting for one in account.destinations.values())
        told = f"; {waiting} deliveries still wait" if waiting else ""
        results.print(f"[bold green]the sum closes[/] for {proof.day:%Y-%m-%d}{told}")
    else:
        results.print(
            f"[bold red]the sum does not close[/] for {proof.day:%Y-%m-%d}:"
            f" {account.problem_count} do not add up; `switchboard why EVENT DESTINATION` tells"
            " about one",
            soft_wrap=True,
        )


def _dead(found: DestinationSum) -> str:
    reasons = ", ".join(f"{number} {name}" for name, number in found.dead_by_reason.most_common())
    undecided = f"{found.undecided} undecided" if found.undecided else ""
    return ", ".join(part for part in (reasons, undecided) if part) or "0"


def _others(found: DestinationSum) -> str:
    shown = ("held", "skipped", "discarded", "redirected", "held_at_source", "not_deployed")
    states = [f"{found.states[name]} {name}" for name in shown if found.states[name]]
    repeated = [f"{found.repeated} sent again"] if found.repeated else []
    return ", ".join(states + repeated).replace("_", " ")
