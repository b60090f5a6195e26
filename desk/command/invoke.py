"""`switchboard invoke`."""

import json as json_module
from pathlib import Path

from desk.command.output import DONE, FAILED, fail, print_json
from desk.target import TargetError, reach


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
    target = reach(stage)
    name = f"switchboard-{target.stage}-{function.replace('_', '-')}"
    if target.address is not None:
        known = {
            found["FunctionName"] for found in target.client("lambda").list_functions()["Functions"]
        }
        if name not in known:
            short = sorted(one.removeprefix(f"switchboard-{target.stage}-") for one in known)
            raise TargetError(f"there is no function {function}; there are {', '.join(short)}")
        print_json(target.address.invoke(name, given))
        return DONE
    answer = target.client("lambda").invoke(
        FunctionName=name, Payload=json_module.dumps(given).encode()
    )
    print_json(json_module.loads(answer["Payload"].read()))
    return FAILED if "FunctionError" in answer else DONE
