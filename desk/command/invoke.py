"""`switchboard invoke`."""

import json as json_module
from pathlib import Path

from desk.command.output import DONE, FAILED, fail, print_json
from desk.target import reach


def invoke(function: str, event: Path, /, *, stage: str = "laptop") -> int:
    """Run a function with a sample event, and print what it answers.

    On the laptop it runs in the stack that is up, from its staged asset and under its own role.

    Examples:
        switchboard invoke receive_webhook events/invocations/receive_webhook/call-ended.json

    Args:
        function: a folder of functions/ (receive_webhook) or to-NAME of a destination.
        event: a file with the event as JSON.
        stage: where it runs.
    """
    try:
        given = json_module.loads(event.read_text())
    except (OSError, ValueError) as error:
        return fail(f"reading {event}: {error}")
    answer = reach(stage).invoke(function, given)
    print_json(answer.value)
    return FAILED if answer.failed else DONE
