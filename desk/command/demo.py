"""`switchboard demo` and `switchboard sabotage`."""

import secrets
from typing import Annotated, Literal

from cyclopts import Parameter

from desk.command.output import console
from desk.demo.main import demo as run_demo
from desk.demo.main import sabotage_all
from desk.demo.plan import Plan

Promise = Literal["ledger", "ack", "stream-ack", "order", "dedupe", "iam"]


def demo(
    *,
    events: int = 400,
    interactions: int | None = None,
    seed: int = 8,
    json: Annotated[bool, Parameter(negative="")] = False,
    sabotage: Promise | None = None,
) -> int:
    """Run the main job whole on the laptop stack; exit 0 only if every promise held.

    8x8's stream is played, vendors send signed webhooks, four destinations take them, and things
    break by seed.

    Examples:
        switchboard demo
        switchboard demo --events 5000
        switchboard demo --events 160 --interactions 850
        switchboard demo --sabotage ledger

    Args:
        events: how many valid webhooks are sent; the stream's events come on top.
        interactions: how many the stream has, of some twelve events; else in proportion to events.
        seed: what is sent and what fails follows from it.
        json: print the figures as JSON.
        sabotage: break one promise in a copy of the product; the demo must then fail.
    """
    plan = Plan(events=events, interactions=interactions, seed=seed)
    return run_demo(plan, as_json=json, sabotage=sabotage, console=console)


def sabotage(
    *,
    seed: int = 8,
    draw: int | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Break each promise on purpose; exit 0 only if every broken demo failed for its reason.

    Then, role by role, one statement of its policies is taken away: the demo must fail with an
    AccessDenied of that role.

    Examples:
        switchboard sabotage
        switchboard sabotage --draw 4711

    Args:
        seed: what is sent and what fails follows from it.
        draw: which statements are taken away; without it others at each run, and it is printed.
        json: print the figures as JSON.
    """
    lot = secrets.randbelow(100_000) if draw is None else draw
    return sabotage_all(seed=seed, draw=lot, as_json=json, console=console)
