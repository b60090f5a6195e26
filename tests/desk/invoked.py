"""Lambda in this process: what a command invokes is the product's own handler, over moto."""

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from functions.replay_events.wiring import wire
from switchboard.aws import clients
from switchboard.aws.runtime import handler
from switchboard.settings import ReplaySettings

SECONDS = 120.0


@dataclass
class Context:
    """What Lambda tells a handler."""

    aws_request_id: str = "request"
    function_name: str = "replay-events"

    def get_remaining_time_in_millis(self) -> int:
        return int(SECONDS * 1000)


@dataclass
class Accepted:
    """botocore's view of an HTTP response."""

    status_code: int = 200


class Lambda:
    """Runs `replay_events` for each invocation; `invocations` has what they were asked for."""

    def __init__(self) -> None:
        self.invocations: list[Any] = []
        self.fails = False
        self._handler = handler(ReplaySettings, wire)

    def answer(self, params: Mapping[str, Any], **_: Any) -> tuple[Accepted, dict[str, Any]]:
        """See botocore's event before-call: what it returns is the answer of the call."""
        assert params["url_path"].endswith("/functions/switchboard-dev-replay-events/invocations")
        event = json.loads(params["body"])
        self.invocations.append(event)
        if self.fails:
            failure = {"errorMessage": "Task timed out"}
            return Accepted(), self._payload(failure) | {"FunctionError": "Unhandled"}
        # Lambda takes what a function prints; here it would be the command's own output.
        with redirect_stdout(io.StringIO()):
            return Accepted(), self._payload(self._handler(event, Context()))

    @staticmethod
    def _payload(value: Any) -> dict[str, Any]:
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(value).encode())}


@contextmanager
def in_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambda]:
    """The stage's `replay_events`, for as long as a test runs; inside of moto's mock."""
    sqs: Any = boto3.client("sqs")
    for name, value in {
        "STAGE": "dev",
        "STATE_TABLE": "state",
        "CONFIGURATION_TABLE": "configuration",
        "ARCHIVE_BUCKET": "archive",
        "EVENTS_TABLE": "events",
        "INGEST_BULK_QUEUE_URL": sqs.get_queue_url(QueueName="ingest-bulk.fifo")["QueueUrl"],
    }.items():
        monkeypatch.setenv(f"SWITCHBOARD_{name}", value)
    clients._made.cache_clear()
    functions = Lambda()
    # botocore's stubs know of handlers that answer nothing.
    events: Any = boto3._get_default_session().events
    events.register("before-call.lambda.Invoke", functions.answer)
    try:
        yield functions
    finally:
        events.unregister("before-call.lambda.Invoke", functions.answer)
        clients._made.cache_clear()
