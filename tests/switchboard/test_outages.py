"""Outages, rate limits and pauses over SQS as the desk emulates it, with a clock that is moved."""

from collections import defaultdict
from collections.abc import Callable

from desk.emulator.queues import Queue
from switchboard.breaker import Breaker, paused, resumed
from switchboard.destination import Delivery, Receipt
from switchboard.envelope import DeliveryOrder, Envelope, encode
from switchboard.errors import ConfigurationError, RateLimited, Unavailable
from switchboard.ledger import State
from switchboard.loop import Record
from switchboard.retry import LONGEST_RETRY_AFTER
from switchboard.testing.deliveries import QUEUE_ARN, DeliveryBench, make_event

DAY = 24 * 60 * 60.0


class Vendor:
    """Answers as `answer` says of the moment, and keeps when it was called and what it stored."""

    def __init__(self) -> None:
        self.answer: Callable[[Delivery, float], Exception | None] = lambda _, __: None
        self.now: Callable[[], float] = lambda: 0.0
        self.calls: list[tuple[float, str]] = []
        self.stored: list[tuple[float, str, int]] = []

    def reference(self, delivery: Delivery) -> str:  # noqa: ARG002
        return ""

    def check(self, delivery: Delivery) -> bytes:  # noqa: ARG002
        return b""

    def send(self, delivery: Delivery) -> Receipt:
        now = self.now()
        self.calls.append((now, delivery.key))
        if (error := self.answer(delivery, now)) is not None:
            raise error
        self.stored.append((now, delivery.group, int(delivery.event.data["number"])))
        return Receipt("stored")

    def find(self, delivery: Delivery) -> Receipt | None:  # noqa: ARG002
        return None


class Scene:
    """One destination: its queue, its sandboxes, its vendor. Seconds count from the beginning."""

    def __init__(self, *, sandboxes: int = 5) -> None:
        self.vendor = Vendor()
        self.bench = DeliveryBench(self.vendor)
        self.start = self.bench.clock()
        self.vendor.now = lambda: self.now
        self.queue = Queue("crm", clock=self.bench.clock, visibility=360)
        self.sandboxes = []
        for _ in range(sandboxes):
            self.bench.another_sandbox()
            self.sandboxes.append(self.bench.deliveries)
        self.sent = 0
        self.most_receives = 0

    @property
    def now(self) -> float:
        return self.bench.clock() - self.start

    def send(self, events: int, *, groups: int) -> None:
        for _ in range(events):
            self.sent += 1
            group = f"interaction:{self.sent % groups}"
            event = make_event(self.sent)
            order = DeliveryOrder(only="crm")
            body = encode(Envelope(event=event, group=group, delivery=order))
            self.queue.send(body, group, event.id)

    def poll(self) -> None:
        """Each sandbox takes one batch, as one of Lambda's pollers does."""
        for sandbox in self.sandboxes:
            messages = self.queue.receive(10, 0)
            if not messages:
                return
            records = [
                Record(
                    message_id=message["MessageId"],
                    receipt_handle=message["ReceiptHandle"],
                    body=message["Body"],
                    group=message["Attributes"]["MessageGroupId"],
                    receive_count=int(message["Attributes"]["ApproximateReceiveCount"]),
                    sent_at=int(message["Attributes"]["SentTimestamp"]) / 1000,
                    queue_arn=QUEUE_ARN,
                )
                for message in messages
            ]
            self.most_receives = max(self.most_receives, *(r.receive_count for r in records))
            self.bench.deliveries = sandbox
            back = self.bench.deliver(*records)
            for record in records:
                if record.message_id in back:
                    seconds = back[record.message_id]
                    self.queue.change_visibility(record.receipt_handle, seconds)
                else:
                    self.queue.delete(record.receipt_handle)

    def run(self, until: float, *, step: float = 0.25) -> None:
        while self.now < until:
            self.poll()
            self.bench.clock.forward(step)

    def drain(self) -> None:
        while self.waiting:
            self.poll()
            self.bench.clock.forward(0.25)

    @property
    def waiting(self) -> int:
        counts = self.queue.counts()
        return sum(int(count) for count in counts.values())

    def assert_all_once_and_in_order(self) -> None:
        by_group = defaultdict(list)
        for _, group, number in self.vendor.stored:
            by_group[group].append(number)
        assert sum(map(len, by_group.values())) == self.sent
        for numbers in by_group.values():
            assert numbers == sorted(set(numbers))
        assert self.bench.dead_letters.taken == []


def test_thirty_seconds_of_503_are_over_ten_seconds_later() -> None:
    scene = Scene()
    began, ended = 5.0, 35.0

    def answer(_: Delivery, now: float) -> Exception | None:
        return Unavailable("503") if began <= now < ended else None

    scene.vendor.answer = answer
    while scene.now < ended:
        scene.send(10, groups=40)
        scene.run(scene.now + 0.5)
    waiting = scene.waiting
    scene.run(ended + 10)
    assert waiting > 500
    assert scene.waiting == 0
    scene.assert_all_once_and_in_order()
    during = [now for now, _ in scene.vendor.calls if began <= now < ended]
    # Before each sandbox has read that it is open; then a probe each time.
    assert len([now for now in during if now > began + 5]) <= 6
    assert scene.bench.states.states["crm"].breaker is Breaker.CLOSED
    assert scene.bench.states.writes <= 2 * 8


def test_a_retry_after_is_kept_by_every_sandbox() -> None:
    scene = Scene()
    scene.send(200, groups=200)
    limited: list[float] = []

    def answer(_: Delivery, now: float) -> Exception | None:
        if now < 2:
            limited.append(now)
            return RateLimited("429", retry_after=20)
        return None

    scene.vendor.answer = answer
    scene.run(60)
    scene.assert_all_once_and_in_order()
    again = [now for now, _ in scene.vendor.calls if now > max(limited)]
    assert limited
    assert limited[0] + 20 <= min(again) <= limited[0] + 22
    tries = defaultdict(list)
    for now, key in scene.vendor.calls:
        tries[key].append(now)
    waits = [times[1] - times[0] for times in tries.values() if len(times) > 1]
    assert all(20 <= wait <= 22 for wait in waits)


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
