"""`switchboard sources`."""

import secrets
import time
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter
from rich.table import Table

from desk.command.names import SourceName
from desk.command.output import DONE, console, fail, print_json, results
from desk.sources.stores import source_control
from desk.target import Target, TargetError, reach
from switchboard.replay_id import new_replay_id
from switchboard.source_state import SourceState
from switchboard.sources import WEBHOOK_KINDS

app = App(name="sources", help="Sources: pause one, and let go of what it holds or drop it.")

Flag = Annotated[bool, Parameter(negative="")]


@app.command(name="list")
def list_(*, stage: str = "laptop", json: Flag = False) -> int:
    """List the sources: whether each runs, how many events it holds, and how many were dropped.

    Examples:
        switchboard sources list
        switchboard sources list --stage prod --json

    Args:
        stage: whose sources they are.
        json: print them as JSON.
    """
    target = reach(stage)
    control = source_control(target)
    found = []
    for name, kind in sorted(_kinds(target).items()):
        state = control.states.read_source(name)
        found.append(
            {
                "source": name,
                "kind": kind,
                "state": _said(state),
                "held": control.held.count(name),
                "discarded": state.discarded,
            }
        )
    if json:
        print_json(found)
        return DONE
    table = Table()
    for column in ("source", "kind", "state", "held", "discarded"):
        table.add_column(column, justify="right" if column in {"held", "discarded"} else "left")
    for one in found:
        table.add_row(*(str(value) for value in one.values()))
    results.print(table)
    return DONE


@app.command
def pause(
    source: SourceName, /, *, refuse: Flag = False, stage: str = "laptop", json: Flag = False
) -> int:
    """Pause a source: its events are taken, archived and held, and go to no destination.

    Examples:
        switchboard sources pause meetings
        switchboard sources pause meetings --refuse

    Args:
        source: its name.
        refuse: answer its webhooks with 503 instead; a sender that gives up loses events.
        stage: whose source it is.
        json: print its state as JSON.
    """
    target = reach(stage)
    kind = _kind(target, source)
    if refuse and kind not in WEBHOOK_KINDS:
        return fail(f"{source} is a {kind} source: it is read, and nobody could be refused")
    state = source_control(target).pause(source, refuse=refuse)
    if json:
        print_json({"source": source, "state": _said(state)})
        return DONE
    results.print(f"{source} is {_said(state)}")
    results.print(f"next: switchboard sources resume {source}")
    return DONE


@app.command
def resume(source: SourceName, /, *, stage: str = "laptop", json: Flag = False) -> int:
    """Let go of what a source holds, in the order of each interaction, until it runs as before.

    New events go on at once, but for those whose interaction still holds an earlier one. It takes
    at least a minute: until every router knows. Interrupted, it is done again from where it was.

    Examples:
        switchboard sources resume meetings

    Args:
        source: its name.
        stage: whose source it is.
        json: print how it went as JSON.
    """
    target = reach(stage)
    _kind(target, source)
    control = source_control(target)
    sent = 0
    if not control.states.read_source(source).paused and control.held.count(source) == 0:
        left = 0
    else:
        run = new_replay_id(time.time(), secrets.token_hex(4))
        with console.status(f"resuming {source}") as status:

            def progress(released: int, held: int) -> None:
                nonlocal sent
                sent = released
                what = "waiting for the last routers" if held == 0 else f"{held} held"
                status.update(f"resuming {source}: {released} sent, {what}")

            left = control.resume(source, run, progress)
    if json:
        print_json({"source": source, "sent": sent, "held": left})
    if left:
        return fail(
            f"{left} events of {source} did not move for ten minutes; `switchboard dead list route`"
            " says why, and `resume` tries them again"
        )
    if not json:
        results.print(f"{source} is running; {sent} held events were sent")
    return DONE


@app.command
def discard(
    source: SourceName, /, *, yes: Flag = False, stage: str = "laptop", json: Flag = False
) -> int:
    """Drop what a source holds now: its events stay recorded and archived, and go nowhere.

    Whether it is paused stays as it is: `resume` ends that.

    Examples:
        switchboard sources discard meetings --yes

    Args:
        source: its name.
        yes: do it; without it, only say how many it would be.
        stage: whose source it is.
        json: print how many as JSON.
    """
    target = reach(stage)
    _kind(target, source)
    control = source_control(target)
    if not yes:
        held = control.held.count(source)
        return fail(f"{held} events of {source} would be dropped; repeat it with --yes")
    dropped = control.discard(source)
    if json:
        print_json({"source": source, "discarded": dropped})
    else:
        results.print(f"{dropped} events of {source} were dropped")
    return DONE


def _kinds(target: Target) -> dict[str, str]:
    return {
        name.removeprefix("sources/"): kind
        for name, kind in target.kinds().items()
        if name.startswith("sources/")
    }


def _kind(target: Target, source: str) -> str:
    kinds = _kinds(target)
    if source not in kinds:
        raise TargetError(
            f"no source {source} is deployed in stage {target.stage}; there are"
            f" {', '.join(sorted(kinds))}"
        )
    return kinds[source]


def _said(state: SourceState) -> str:
    if not state.paused:
        return "running"
    if state.resuming:
        return "resuming"
    how = "refusing" if state.refuse else "paused"
    if state.holds_from > time.time():
        return f"{how} from {datetime.fromtimestamp(state.holds_from, UTC):%H:%M:%S} UTC"
    return how
