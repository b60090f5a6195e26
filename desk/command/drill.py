"""`switchboard drill`."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from desk.command.output import DONE, FAILED, console, print_json, results
from desk.drill.main import drill as run_drill
from desk.drill.plan import drill_plan
from desk.drill.report import show


def drill(
    *,
    seconds: Annotated[int, Parameter(validator=Number(gte=40))] = 90,
    seed: int = 8,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Take one destination down, flood another and kill what runs; exit 0 only if all came once.

    A laptop stack of its own takes a steady stream of signed webhooks. The verdict is made of the
    logs of those outside and of the emulator: lost, twice, late (one that overtook another of its
    interaction), and how long a destination took from its first good answer until it was drained.

    Examples:
        switchboard drill
        switchboard drill --seconds 120 --seed 4711
        switchboard drill --json

    Args:
        seconds: about how long events are sent; then until everything has come.
        seed: what is sent follows from it.
        json: print the figures as JSON.
    """
    found = run_drill(drill_plan(seconds, seed), console)
    if json:
        print_json(found)
    else:
        show(results, found)
    return DONE if found["holds"] else FAILED
