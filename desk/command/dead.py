"""`switchboard dead`."""

import getpass
from dataclasses import asdict
from typing import Annotated

from cyclopts import App, Parameter
from rich.table import Table

from desk.command.names import DestinationName
from desk.command.output import DONE, console, print_json, results
from desk.dead_letters import DeadLetter, dead_letters, event_of, find
from desk.dead_letters import discard as end_for_good
from desk.dead_letters import replay as send_again
from desk.gaps import open_gaps
from desk.gaps import release as send_held
from desk.target import reach

app = App(name="dead", help="Dead letters: why deliveries stopped, and how to send them again.")

Json = Annotated[bool, Parameter(negative="")]


@app.command(name="list")
def list_(
    destination: DestinationName, /, *, stage: str = "laptop", limit: int = 100, json: Json = False
) -> int:
    """List the dead letters of a destination, newest first; `route` are those before fan-out.

    Examples:
        switchboard dead list crm
        switchboard dead list route --stage dev --json

    Args:
        destination: its name, or `route`.
        stage: whose dead letters they are.
        limit: how many of the ledger's at the most.
        json: print them as JSON.
    """
    found = dead_letters(reach(stage), destination, limit)
    if json:
        print_json([asdict(letter) for letter in found])
        return DONE
    if not found:
        console.print(f"no dead letters at {destination}")
        return DONE
    table = Table()
    for column in ("event", "class", "attempts", "at", "reason"):
        table.add_column(column, justify="right" if column == "attempts" else "left")
    for letter in found:
        reason = f"moved by SQS: {letter.reason}" if letter.moved_by_sqs else letter.reason
        table.add_row(
            letter.event_id[:12], letter.reason_class, str(letter.attempts), letter.at[:19], reason
        )
    results.print(table)
    results.print(f"next: switchboard dead show {destination} {found[0].event_id[:12]}")
    return DONE


@app.command
def show(
    destination: DestinationName, event: str, /, *, stage: str = "laptop", json: Json = False
) -> int:
    """Show one dead letter: its reason, the vendor's answer, what to do, and its event.

    Args:
        destination: its name, or `route`.
        event: the event's id, or its beginning.
        stage: whose dead letter it is.
        json: print it as JSON.
    """
    target = reach(stage)
    letter = find(target, destination, event)
    item = dict(event_of(target, letter))
    if json:
        print_json({**asdict(letter), "event": item})
        return DONE
    table = Table(show_header=False)
    for name, value in _shown(letter).items():
        table.add_row(name, value)
    results.print(table)
    if item.get("event"):
        results.print_json(item["event"])
    results.print(f"next: switchboard dead replay {destination} {letter.event_id[:12]}")
    return DONE


@app.command
def replay(
    destination: DestinationName, event: str, /, *, stage: str = "laptop", json: Json = False
) -> int:
    """Send one dead letter again to its destination, with its documents as they are now.

    It is a replay of one: `switchboard replay plan` selects many.

    Args:
        destination: its name.
        event: the event's id, or its beginning.
        stage: whose dead letter it is.
        json: print the replay's id as JSON.
    """
    target = reach(stage)
    sent = send_again(target, find(target, destination, event))
    if json:
        print_json({"replay": sent.id})
    else:
        console.print(f"on its way; next: switchboard replay status {sent.id}")
    return DONE


@app.command
def discard(
    destination: DestinationName,
    event: str,
    /,
    *,
    why: str,
    by: str | None = None,
    stage: str = "laptop",
    json: Json = False,
) -> int:
    """End one dead letter for good; who did it, when and why stays in the ledger.

    Its message is removed from the dead-letter queue where it is among the first thousand; SQS
    ends the others after 14 days. `switchboard replay plan` selects it no more.

    Examples:
        switchboard dead discard crm 39fd353f915b --why "entered by hand, ticket 4711"

    Args:
        destination: its name, or `route`.
        event: the event's id, or its beginning.
        why: the reason, for whoever looks later.
        by: who decides; without it, the user of this machine.
        stage: whose dead letter it is.
        json: print what was done as JSON.
    """
    target = reach(stage)
    letter = find(target, destination, event)
    who = by or getpass.getuser()
    removed = end_for_good(target, letter, who, why)
    if json:
        print_json({"event": letter.event_id, "by": who, "why": why, "removed": removed})
    else:
        console.print(f"discarded; {removed} messages of it were removed from the queue")
    return DONE


@app.command
def held(destination: str, /, *, stage: str = "laptop", json: Json = False) -> int:
    """List the groups that wait behind a dead letter (`after_dead_letter: hold`).

    Examples:
        switchboard dead held crm
        switchboard dead held crm --stage dev --json

    Args:
        destination: its name.
        stage: whose groups they are.
        json: print them as JSON.
    """
    found = open_gaps(reach(stage), destination)
    if json:
        print_json([asdict(gap) for gap in found])
        return DONE
    if not found:
        console.print(f"nothing waits behind a dead letter at {destination}")
        return DONE
    table = Table()
    for column in ("group", "dead letter", "it is", "held behind it"):
        table.add_column(column, justify="right" if column == "held behind it" else "left")
    for gap in found:
        table.add_row(gap.group, gap.head[:12], gap.head_state, str(gap.held))
    results.print(table)
    results.print(f"next: switchboard dead release {destination} {found[0].group}")
    return DONE


@app.command
def release(destination: str, group: str, /, *, stage: str = "laptop", json: Json = False) -> int:
    """Send what was held behind a settled dead letter, in order, until nothing is left.

    Examples:
        switchboard dead release crm interaction:0b9c --stage dev

    Args:
        destination: its name.
        group: the group that waits, as `switchboard dead held` shows it.
        stage: whose group it is.
        json: print how many were sent as JSON.
    """

    def tell(count: int) -> None:
        console.print(f"sent {count}")

    sent = send_held(reach(stage), destination, group, tell=tell)
    if json:
        print_json({"sent": sent})
    else:
        console.print(f"{sent} deliveries of {group} followed in order; it holds no longer")
    return DONE


def _shown(letter: DeadLetter) -> dict[str, str]:
    shown = {
        "event": letter.event_id,
        "group": letter.group,
        "class": letter.reason_class,
        "reason": letter.reason,
        "answer": letter.answer,
        "advice": letter.advice,
        "attempts": str(letter.attempts),
        "at": letter.at,
        "payload": letter.payload,
    }
    return {name: value for name, value in shown.items() if value}
