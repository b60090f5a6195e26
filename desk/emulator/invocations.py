"""Lambda's own queue: what is to be invoked soon, and by whom nobody waits for."""

import json
import threading
from typing import Any

from werkzeug.wrappers import Response

from desk.emulator.answers import error
from desk.emulator.calls import Call


class Invocations:
    """Taken from whoever calls Invoke, and given to the laptop stack, which has the sandboxes."""

    def __init__(self) -> None:
        self._waiting: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def take(self, call: Call) -> Response:
        """Answer an Invoke."""
        if call.parameters["InvocationType"] != "Event":
            return error(501, "NotUnderstood", "only InvocationType Event is understood", call)
        event = json.loads(call.body or b"{}")
        with self._lock:
            self._waiting.append({"function": call.parameters["FunctionName"], "event": event})
        return Response(status=202)

    def given(self) -> list[dict[str, Any]]:
        """What was taken since this was asked last."""
        with self._lock:
            given, self._waiting = self._waiting, []
        return given
