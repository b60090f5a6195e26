"""`switchboard destinations`: what an operator does with a destination."""

import time
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter
from rich.table import Table

from desk import destinations
from desk.command.draining import discard, redirect, remove
from desk.command.output import DONE, FAILED, console, print_json, results
from desk.destinations import Destination
from desk.target import reach
from switchboard.breaker import Breaker, DestinationState
from switchboard.event import Event, utc_text
from switchboard.ledger import Entry, State
from switchboard.retry import advice

app = App(
    name="destinations",
    help="Destinations: what they do now; pause, resume, test, empty and remove them.",
)
app.command(discard)
app.command(redirect)
app.command(remove)

Json = Annotated[bool, Parameter(negative="")]


@app.command(name="list")
def list_(*, stage: str = "laptop", json: Json = False) -> int:
    """List every deployed destination: its state, and what waits for it.

    Examples:
        switchboard destinations list
        switchboard destinations list --stage dev --json

    Args:
        stage: whose destinations they are.
        json: print them as JSON.
    """
    found = destinations.of_stage(reach(stage))
    if json:
        print_json([_plain(one) for one in found])
        return DONE
    table = Table()
    for column in ("destination", "kind", "mode", "state", "waiting", "dead", "why"):
        table.add_column(column, justify="right" if column in {"waiting", "dead"} else "left")
    for one in found:
        waiting = ", ".join(
            str(count) if lane == "normal" else f"{count} {lane}"
            for lane, count in one.waiting.items()
        )
        said = shown(one.state, time.time())
        table.add_row(one.name, one.kind, one.mode, said, waiting, str(one.dead), one.state.reason)
    results.print(table)
    return DONE


@app.command
def pause(destination: str, /, *, stage: str = "laptop", json: Json = False) -> int:
    """Call a destination no more, until it is resumed. Nothing is lost: its events wait.

    Examples:
        switchboard destinations pause crm
        switchboard destinations pause crm --stage prod

    Args:
        destination: its name.
        stage: where it is deployed.
        json: print its state as JSON.
    """
    return _told(destinations.pause(reach(stage), destination), destination, json=json)


@app.command
def resume(destination: str, /, *, stage: str = "laptop", json: Json = False) -> int:
    """Call a paused destination again: what waited goes first, in its order.

    Examples:
        switchboard destinations resume crm

    Args:
        destination: its name.
        stage: where it is deployed.
        json: print its state as JSON.
    """
    return _told(destinations.resume(reach(stage), destination), destination, json=json)


@app.command(name="test")
def send_test(
    destination: str, /, *, stage: str = "laptop", seconds: float = 60.0, json: Json = False
) -> int:
    """Send one event of the type `switchboard.test` to a destination, and wait for its answer.

    It takes the whole way of a delivery, with the destination's documents as they are now.

    Examples:
        switchboard destinations test crm

    Args:
        destination: its name.
        stage: where it is deployed.
        seconds: how long to wait for the answer.
        json: print the ledger's entry as JSON.
    """
    target = reach(stage)
    event = destinations.send_test(target, destination)
    with console.status(f"waiting for {destination}"):
        entry = destinations.answer_to(target, destination, event, seconds=seconds)
    return answered(entry, event, seconds=seconds, json=json)


def answered(entry: Entry | None, event: Event, *, seconds: float, json: bool) -> int:
    """Print how a test ended; 0 only if it was delivered."""
    delivered = entry is not None and entry.state is State.DELIVERED
    if json:
        print_json(
            {
                "event": event.id,
                "state": str(entry.state) if entry else None,
                "remote_id": entry.remote_id if entry else "",
                "class": str(entry.reason_class) if entry and entry.reason_class else None,
                "reason": entry.reason if entry else "",
                "answer": entry.answer if entry else "",
            }
        )
    elif entry is None:
        results.print(
            f"no answer within {seconds:.0f} s: nobody tried yet; `switchboard destinations list`"
            " shows whether it is paused or its breaker open"
        )
    elif delivered:
        results.print(f"delivered {entry.remote_id}".rstrip())
    else:
        results.print(f"{entry.state}: {entry.reason}")
        if entry.answer:
            results.print(f"it answered: {entry.answer}", markup=False)
        if entry.reason_class is not None:
            results.print(f"next: {advice(entry.reason_class)}")
    return DONE if delivered else FAILED


def shown(state: DestinationState, now: float) -> str:
    """A state in words: since when, by whom, and when it is asked again."""
    parts = []
    if state.paused:
        parts.append(f"paused since {_at(state.paused_at)} by {state.paused_by or 'nobody named'}")
    if state.breaker is Breaker.OPEN:
        parts.append(f"open since {_at(state.opened_at)}, probe at {_at(state.until)}")
    if state.breaker is Breaker.HALF_OPEN:
        parts.append(f"open since {_at(state.opened_at)}, being probed")
    if state.not_before > now:
        parts.append(f"limited until {_at(state.not_before)}")
    if state.factor < 1:
        parts.append(f"at {state.factor:.0%} of its speed")
    if state.bulk_not_before > now:
        parts.append(f"no bulk until {_at(state.bulk_not_before)}")
    return "; ".join(parts) or str(state.breaker)


def _told(state: DestinationState, destination: str, *, json: bool) -> int:
    if json:
        print_json(state.model_dump(mode="json"))
    else:
        console.print(f"{destination}: {shown(state, time.time())}")
    return DONE


def _plain(one: Destination) -> dict[str, object]:
    return {
        "destination": one.name,
        "kind": one.kind,
        "mode": one.mode,
        "state": one.state.model_dump(mode="json"),
        "waiting": dict(one.waiting),
        "dead": one.dead,
    }


def _at(moment: float) -> str:
    return utc_text(datetime.fromtimestamp(moment, UTC))[:19] + "Z"
