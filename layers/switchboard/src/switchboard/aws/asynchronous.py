"""Starting a function and not waiting for it."""

import json
from collections.abc import Mapping
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated


def start_function(name: str, event: Mapping[str, Any]) -> None:
    """Let Lambda invoke the function `name` with `event`, soon, and again should it fail.

    Raises:
        Unavailable, ConfigurationError: it was not taken.
    """
    with translated("starting a function"):
        client("lambda").invoke(
            FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode()
        )
