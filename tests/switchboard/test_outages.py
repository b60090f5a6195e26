"""Refused credentials, broken heads, limits and pauses over an emulated SQS and a moved clock."""

from switchboard.breaker import paused, resumed
from switchboard.destination import Delivery
from switchboard.errors import ConfigurationError, RateLimited, Unavailable
from switchboard.ledger import State
from switchboard.retry import LONGEST_RETRY_AFTER
from switchboard.testing.deliveries import make_event
from tests.switchboard.outage_scene import Scene

DAY = 24 * 60 * 60.0


def test_a_corrected_secret_is_found_by_the_probe() -> None:
    scene = Scene()
    scene.send(300, groups=60)

    def answer(_: Delivery, now: float) -> Exception | None:
        return ConfigurationError("401: set the secret") if now < 600 else None

    scene.vendor.answer = answer
    scene.run(600)
    assert len(scene.vendor.calls) < 40
    scene.run(600 + 150 + 20)
    assert scene.waiting == 0
    scene.assert_all_once_and_in_order()


def test_a_head_that_fails_fifty_times_dead_letters_nothing() -> None:
    scene = Scene(sandboxes=1)
    scene.send(20, groups=1)
    left = [Unavailable("503")] * 50
    scene.vendor.answer = lambda _, __: left.pop() if left else None
    scene.drain()
    scene.assert_all_once_and_in_order()
    assert scene.bench.ledger.of(make_event(1).id, "crm").attempt == 51


def test_three_days_of_pause_cost_no_attempt_and_resume_in_order() -> None:
    scene = Scene()
    scene.bench.change(lambda state: paused(state, scene.bench.clock(), "ann"))
    for _ in range(10):
        scene.send(1000, groups=500)
        scene.run(scene.now + 1)
    scene.run(120)
    # By then the mapping is off. The queue's depth is the count that is shown.
    scene.bench.clock.forward(3 * DAY)
    assert scene.waiting == 10_000
    assert (scene.vendor.calls, scene.bench.ledger.entries) == ([], {})
    scene.bench.change(lambda state: resumed(state, scene.bench.clock()))
    scene.drain()
    scene.assert_all_once_and_in_order()
    assert {entry.attempt for entry in scene.bench.ledger.entries.values()} == {1}
    assert {entry.state for entry in scene.bench.ledger.entries.values()} == {State.DELIVERED}


def test_a_pause_with_its_mapping_left_on_stays_far_below_the_back_stop() -> None:
    scene = Scene()
    scene.send(50, groups=10)
    scene.bench.change(lambda state: paused(state, scene.bench.clock(), "ann"))
    scene.run(3 * DAY, step=10)
    assert scene.vendor.calls == []
    assert scene.most_receives < 400
    scene.bench.change(lambda state: resumed(state, scene.bench.clock()))
    scene.run(3 * DAY + 1000, step=10)
    scene.assert_all_once_and_in_order()


def test_a_rate_limit_of_twelve_hours_is_what_sqs_takes() -> None:
    scene = Scene(sandboxes=1)
    scene.send(3, groups=1)
    scene.vendor.answer = lambda _, now: (
        RateLimited("429", retry_after=3 * DAY) if now < LONGEST_RETRY_AFTER else None
    )
    scene.run(LONGEST_RETRY_AFTER, step=60)
    assert len(scene.vendor.calls) == 1
    scene.run(LONGEST_RETRY_AFTER + 60, step=5)
    scene.assert_all_once_and_in_order()
