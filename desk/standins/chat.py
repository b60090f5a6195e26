"""A workspace of Slack that writes down which of the sender's events its messages tell of.

A message may tell of several: then they stand between dividers, each with a field for its `id`, its
`interaction` and its `sequence`, as the mapping of the demo writes them.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from desk.standins.endpoint import FaultPlan, Reply
from desk.standins.slack import Workspace

Line = Mapping[str, Any]
POST = "chat.postMessage"
NOBODY: Mapping[str, str] = {}


class Chat:
    """A stand-in by the name `chat`, with one channel. Of its faults it knows `silent_at`.

    `clock` is the time of day, which messages are named by.
    """

    def __init__(
        self,
        name: str,
        token: str,
        channel: str,
        plan: FaultPlan,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._name = name
        self._workspace = Workspace(token, [channel])
        self._plan = plan
        self._clock = clock
        self._posted = 0
        self._lock = threading.Lock()

    def take(
        self, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Reply, Sequence[Line]]:
        """The reply, and the lines for the log: one for each event that is told."""
        with self._lock:
            taken = self._workspace.take(path, headers, body, self._clock())
            reply = Reply(taken.status, taken.headers, taken.body)
            answer = json.loads(taken.body)
            if not path.endswith(POST):
                what = "looked for" if answer["ok"] else str(answer["error"])
                return reply, [self._line(NOBODY, what, stored=False)]
            if not answer["ok"]:
                return reply, self._told(body, str(answer["error"]), stored=False)
            self._posted += 1
            if self._posted == self._plan.silent_at:
                return Reply(0), self._told(body, "stored, unanswered", stored=True)
            return reply, self._told(body, "stored", stored=True)

    def _told(self, body: bytes, what: str, *, stored: bool) -> Sequence[Line]:
        blocks = json.loads(body).get("blocks", ())
        return [self._line(fields, what, stored=stored) for fields in _parts(blocks)]

    def _line(self, fields: Mapping[str, str], what: str, *, stored: bool) -> Line:
        return {
            "destination": self._name,
            "id": fields.get("id"),
            "interaction": fields.get("interaction"),
            "sequence": int(fields.get("sequence", "0")),
            "what": what,
            "stored": stored,
        }


def _parts(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, str]]:
    """The fields of each part of a message, by their names."""
    fields: dict[str, str] = {}
    for block in blocks:
        if block["type"] == "divider":
            yield fields
            fields = {}
        for one in block.get("fields", ()):
            name, _, value = str(one["text"]).partition("\n")
            fields[name.strip("*")] = value
    yield fields
