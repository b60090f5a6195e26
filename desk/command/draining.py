"""`switchboard destinations discard|redirect|remove`."""

import re
from getpass import getuser
from typing import Annotated

from cyclopts import Parameter
from rich.prompt import Confirm
from rich.table import Table

from desk.command.names import DestinationName
from desk.command.output import DONE, FAILED, console, fail, print_json, results
from desk.draining import (
    Deployed,
    Held,
    delete_document,
    deployed,
    drains,
    held,
    require_off,
)
from desk.target import Target, reach
from switchboard.drain import Drain, DrainOrder

Flag = Annotated[bool, Parameter(negative="")]

_UNITS = {"m": 60, "h": 3600, "d": 86_400}


def _age(text: str) -> float:
    found = re.fullmatch(r"(\d+)([mhd])", text)
    if found is None:
        raise ValueError("an age is a number and m, h or d, such as 36h")
    return float(int(found[1]) * _UNITS[found[2]])


def discard(
    name: DestinationName,
    /,
    *,
    why: str,
    older_than: str = "0m",
    stage: str = "laptop",
    yes: Flag = False,
    json: Flag = False,
) -> int:
    """Discard what waits for a destination that is paused; the ledger keeps who did it, and why.

    Nothing is sent. The events stay in the archive and in the events table, from where a replay can
    bring them back.

    Examples:
        switchboard destinations discard crm --why "the old tenant is gone"
        switchboard destinations discard crm --why stale --older-than 36h --stage prod --yes

    Args:
        name: the destination.
        why: the reason, for the ledger.
        older_than: only what waits for so long, such as 30m, 36h or 5d.
        stage: whose destination it is.
        yes: do not ask.
        json: print what was done as JSON; needs --yes.
    """
    try:
        seconds = _age(older_than)
    except ValueError as error:
        return fail(f"--older-than {older_than}: {error}")
    order = DrainOrder(kind=Drain.DISCARD, by=getuser(), why=why, older_than_seconds=seconds)
    return _drain(reach(stage), name, order, "discard", yes=yes, json=json)


def redirect(
    name: DestinationName,
    to: DestinationName,
    /,
    *,
    why: str = "",
    stage: str = "laptop",
    yes: Flag = False,
    json: Flag = False,
) -> int:
    """Send what waits for a destination that is paused to another one instead, in order.

    It goes the other's own way, through ingest-bulk: with its mapping, limits and ledger. What the
    other has already is not delivered to it again.

    Examples:
        switchboard destinations redirect crm crm-new --why "moved to the new tenant"
        switchboard destinations redirect crm crm-new --stage prod --yes --json

    Args:
        name: the destination whose messages go elsewhere.
        to: the destination that gets them.
        why: the reason, for the ledger.
        stage: whose destinations they are.
        yes: do not ask.
        json: print what was done as JSON; needs --yes.
    """
    target = reach(stage)
    if deployed(target, to).name == name:
        return fail(f"{name} cannot be redirected to itself")
    through = str(target.core()["ingest_bulk_queue_url"])
    order = DrainOrder(kind=Drain.REDIRECT, by=getuser(), why=why, to=to, through=through)
    return _drain(target, name, order, f"redirect to {to}", yes=yes, json=json)


def remove(
    name: DestinationName, /, *, stage: str = "laptop", yes: Flag = False, json: Flag = False
) -> int:
    """Delete a destination's document, and say what of it is to be deleted by hand.

    Refused while its queues hold anything or a delivery waits. Its stack is yours to delete: the
    last lines say how.

    Examples:
        switchboard destinations remove crm --stage dev
        switchboard destinations remove crm --yes --json

    Args:
        name: the destination.
        stage: whose destination it is.
        yes: do not ask.
        json: print counts and what is left to do as JSON.
    """
    target = reach(stage)
    destination = deployed(target, name)
    found = held(target, destination)
    if not found.is_empty:
        return _refuse(name, found, json=json)
    if not yes and (json or not Confirm.ask(f"delete the document of {name}?", console=console)):
        return FAILED
    deleted = delete_document(target, name)
    steps = _left_to_do(target, destination)
    if json:
        print_json({"removed": deleted, "left_to_do": steps})
        return DONE
    console.print(f"{'deleted' if deleted else 'there was no'} document of {name}")
    for number, step in enumerate(steps, 1):
        results.print(f"{number}. {step}", markup=False, soft_wrap=True)
    return DONE


def _drain(
    target: Target, name: str, order: DrainOrder, what: str, *, yes: bool, json: bool
) -> int:
    destination = deployed(target, name)
    require_off(target, destination)
    waiting = sum(held(target, destination).queues[lane] for lane in destination.queues)
    question = f"{what} up to {waiting} messages of {name}?"
    if not yes and (json or not Confirm.ask(question, console=console)):
        return FAILED
    done = left = 0
    with console.status(f"{what}: 0 of {waiting}") as status:
        for drained in drains(target, destination, order):
            done, left = done + drained.done, drained.left
            busy = ", another drain is running" if drained.busy else ""
            status.update(f"{what}: {done} of {waiting}{busy}")
    if json:
        print_json({"destination": name, "order": what, "done": done, "left": left})
    else:
        results.print(f"{what}: {done} messages; {left} stay")
        results.print(f"next: switchboard timeline INTERACTION --stage {target.stage}")
    return DONE


def _refuse(name: str, found: Held, *, json: bool) -> int:
    if json:
        print_json({"queues": dict(found.queues), "deliveries": dict(found.deliveries)})
    else:
        table = Table("what waits", "how many")
        for what, count in (*found.queues.items(), *found.deliveries.items()):
            if count:
                table.add_row(what, str(count))
        results.print(table)
    return fail(
        f"{name} still holds something: nothing was removed. Let it be delivered, or `switchboard"
        f" destinations pause {name}` and then `switchboard destinations discard {name}` or"
        f" `… redirect {name} OTHER`; dead letters are in `switchboard dead list {name}`"
    )


def _left_to_do(target: Target, destination: Deployed) -> list[str]:
    name, stack = destination.name, f"switchboard-{target.stage}-destination-{destination.name}"
    queues = [*destination.queues.values(), destination.dead_queue_url]
    names = ", ".join(url.rsplit("/", 1)[-1] for url in queues)
    return [
        f"wait a minute and run this once more: what was on its way to {name} has then arrived",
        f"delete `{name}` under `destinations` of stage {target.stage} in cdk.json, and its file"
        f" destinations/{name}.json",
        f"delete the stack: `cdk destroy {stack}`",
        f"a stage that retains its data keeps the queues {names}, and the secret; delete them when"
        " nobody needs them",
    ]
