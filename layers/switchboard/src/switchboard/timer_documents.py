"""The rules of a stage, read from its parameters and judged."""

from collections.abc import Mapping, Sequence
from functools import partial

from switchboard.configuration import LastGood, Parameter
from switchboard.errors import ConfigurationError
from switchboard.event import OWN_SOURCE
from switchboard.telemetry import Telemetry
from switchboard.timers import Timer, compile_timer

FOLDER = "timers/"


def read_timers(
    parameters: Mapping[str, Parameter], last_good: LastGood, telemetry: Telemetry
) -> Sequence[Timer]:
    """Every rule among `parameters`; one that is broken and never was good is left out."""
    found: list[Timer] = []
    for name, parameter in sorted(parameters.items()):
        if not name.startswith(FOLDER):
            continue
        own = name.removeprefix(FOLDER)
        try:
            found.append(last_good.judge(name, parameter, partial(compile_timer, own)).document)
        except ConfigurationError as error:
            telemetry.count("configuration_errors", source=OWN_SOURCE)
            telemetry.warn("a timer is not set", timer=own, why=str(error))
    return found
