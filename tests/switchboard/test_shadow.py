"""A shadow destination does everything but send."""

import hashlib
import json

from switchboard.configuration import Status
from switchboard.destination import Delivery
from switchboard.errors import ConfigurationError, EventError, Unavailable
from switchboard.ledger import State
from switchboard.testing.deliveries import make_event, make_record
from tests.switchboard.trial_stage import DOCUMENT, Stage

SHADOW = {"url": "https://example.com/x", "mapping": "note", "shadow": True}


class Shadow(Stage):
    """`checks` is raised by whatever builds a request, while it is set."""

    checks: Exception | None = None

    def __init__(self) -> None:
        super().__init__()
        self.write(DOCUMENT, SHADOW)

    def check(self, delivery: Delivery) -> bytes:
        if self.checks is not None:
            raise self.checks
        return super().check(delivery)


def test_nothing_is_sent_and_the_ledger_says_what_would_have_been() -> None:
    stage = Shadow()
    stage.deliver(stage.sandbox(), 1)
    assert stage.tried == []
    entry = stage.entry(1)
    assert (entry.state, entry.mapping_version, entry.reason_class) == (State.SKIPPED, 1, None)
    body = json.dumps({"Old": "meeting.participant.joined"}).encode()
    name = hashlib.sha256(body).hexdigest()[:16]
    assert entry.reason == f"shadow: {len(body)} bytes would have been sent (sha256 {name})"
    assert stage.telemetry.counts["shadowed", "crm"] == 1
    assert ("delivered", "crm") not in stage.telemetry.counts


def test_a_message_that_comes_twice_is_shown_once() -> None:
    stage = Shadow()
    stage.deliver(stage.sandbox(), 1)
    stage.deliver(stage.sandbox(), 1)
    assert stage.telemetry.counts["shadowed", "crm"] == 1


def test_what_could_not_have_been_sent_is_counted_and_alarms_nobody() -> None:
    stage = Shadow()
    sandbox = stage.sandbox()
    for number, error in enumerate(
        (EventError("no subject"), ConfigurationError("set the secret"), ValueError("private"))
    ):
        stage.checks = error
        stage.deliver(sandbox, number)
    reasons = [stage.entry(number).reason for number in range(3)]
    assert reasons == [
        "shadow: no subject",
        "shadow: set the secret",
        "shadow: bug: ValueError was raised while it was worked on",
    ]
    assert stage.telemetry.counts == {("shadow_failed", "crm"): 3}
    assert stage.dead_letters.taken == []


def test_a_secret_that_cannot_be_read_now_is_waited_for() -> None:
    stage = Shadow()
    stage.checks = Unavailable("Secrets Manager throttles")
    sandbox, record = stage.sandbox(), make_record(make_event(1), group="interaction:1")
    assert sandbox.handle(record) == 1
    assert stage.entry(1).state is State.WAITING
    stage.checks = None
    stage.clock.forward(1)
    assert sandbox.handle(record) is None
    assert stage.entry(1).state is State.SKIPPED


def test_a_document_that_leaves_the_shadow_is_on_trial_first() -> None:
    stage = Shadow()
    sandbox = stage.sandbox()
    stage.deliver(sandbox, 0)
    stage.write(DOCUMENT, {**SHADOW, "shadow": False})
    stage.clock.forward(34)
    for number in range(1, 21):
        stage.deliver(sandbox, number)
    assert len(stage.taken) == 20
    assert stage.status(DOCUMENT) is Status.GOOD


def test_a_mapping_may_be_tried_in_the_shadow() -> None:
    stage = Shadow()
    sandbox = stage.sandbox()
    stage.deliver(sandbox, 0)
    stage.change_mapping()
    for number in range(1, 21):
        stage.deliver(sandbox, number)
    assert stage.status() is Status.GOOD
    assert stage.tried == []
