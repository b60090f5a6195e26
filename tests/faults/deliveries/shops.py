"""The vendors of the matrix: an endpoint of webhooks, a bucket, and a Slack workspace."""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from desk.standins.slack import Workspace
from switchboard.testing.stand_in import Arrived, Reply
from tests.faults.deliveries.vendor import RETRY_AFTER, Stored, Trouble

STATUSES = {Trouble.LIMITED: 429, Trouble.AWAY: 503}


def _record(output: Mapping[str, Any]) -> Stored:
    """The record in a mapping's output."""
    return Stored(output["event"], output["group"], output["number"])


def _http_refusal(trouble: Trouble) -> Reply:
    headers = {"Retry-After": str(RETRY_AFTER)} if trouble is Trouble.LIMITED else {}
    return Reply(STATUSES.get(trouble, 500), headers)


@dataclass
class Endpoint:
    """Takes signed webhooks. `knows` whether it recognises a `webhook-id` and an event's own id."""

    knows: bool
    _seen: set[str] = field(default_factory=set)

    def reads(self, request: Arrived) -> Reply | None:
        """See Shop."""
        del request
        return None

    def records(self, request: Arrived) -> Sequence[Stored]:
        """See Shop."""
        return [_record(data) for _, data in _in_webhook(request)]

    def commit(self, request: Arrived) -> tuple[Reply, Sequence[Stored]]:
        """See Shop."""
        new = []
        for key, data in _in_webhook(request):
            if not self.knows or key not in self._seen:
                new.append(_record(data))
            self._seen.add(key)
        return Reply(200), new

    def refusal(self, trouble: Trouble) -> Reply:
        """See Shop."""
        return _http_refusal(trouble)


def _in_webhook(request: Arrived) -> list[tuple[str, Mapping[str, Any]]]:
    """Each event's key and output, of a single one or of a parcel."""
    body = json.loads(request.body)
    if body["type"] == "switchboard.batch":
        return [(one["id"], one["data"]) for one in body["data"]]
    return [(request.headers["webhook-id"], body["data"])]


@dataclass
class Bucket:
    """As much of S3 as a destination asks for: a conditional PUT, and HEAD."""

    _objects: set[str] = field(default_factory=set)

    def reads(self, request: Arrived) -> Reply | None:
        """See Shop."""
        if request.method != "HEAD":
            return None
        return Reply(200 if request.path in self._objects else 404)

    def records(self, request: Arrived) -> Sequence[Stored]:
        """See Shop."""
        body = request.body
        text = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        return [_record(json.loads(line)["data"]) for line in text.splitlines()]

    def commit(self, request: Arrived) -> tuple[Reply, Sequence[Stored]]:
        """See Shop."""
        if request.path in self._objects:
            return _s3_error(412, "PreconditionFailed"), ()
        self._objects.add(request.path)
        return Reply(200, {"ETag": '"x"'}), self.records(request)

    def refusal(self, trouble: Trouble) -> Reply:
        """See Shop: S3 limits by 503."""
        passing = trouble in STATUSES
        return _s3_error(503, "SlowDown") if passing else _s3_error(500, "InternalError")


def _s3_error(status: int, code: str) -> Reply:
    return Reply(status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code></Error>")


@dataclass
class Channels:
    """A Slack workspace, whose limits are those of its own clock."""

    workspace: Workspace
    clock: Callable[[], float]

    def reads(self, request: Arrived) -> Reply | None:
        """See Shop: the history of a channel, or of a thread."""
        return None if request.method == "POST" else self._ask(request)

    def records(self, request: Arrived) -> Sequence[Stored]:
        """See Shop: each line of a message's text names a record."""
        text = json.loads(request.body)["text"]
        lines = [line for line in text.splitlines() if line.startswith("record ")]
        return [
            Stored(event, group, int(number)) for _, event, group, number in map(str.split, lines)
        ]

    def commit(self, request: Arrived) -> tuple[Reply, Sequence[Stored]]:
        """See Shop: a message that the workspace limits is not stored."""
        reply = self._ask(request)
        taken = reply.status == 200 and (reply.body == "ok" or json.loads(reply.body).get("ok"))
        return reply, self.records(request) if taken else ()

    def refusal(self, trouble: Trouble) -> Reply:
        """See Shop."""
        return _http_refusal(trouble)

    def _ask(self, request: Arrived) -> Reply:
        answered = self.workspace.take(request.path, request.headers, request.body, self.clock())
        return Reply(answered.status, answered.headers, answered.body)
