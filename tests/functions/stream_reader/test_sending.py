"""The forwarder over an SQS that misbehaves, and large payloads."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import pytest

from functions.stream_reader.forwarder import Forwarder
from functions.stream_reader.intake import Arrived
from functions.stream_reader.measures import Measures
from switchboard.errors import ConfigurationError, Unavailable
from switchboard.event import Event
from switchboard.queue import Outgoing
from switchboard.testing.stores import MemoryBucket, RecordingTelemetry
from tests.functions.stream_reader.rig import LIVE, MemorySqs

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def arrived(number: int, group: str, body: str = "{}") -> Arrived:
    event = Event(id=f"e{number}", source="cc", type="t", time=NOW, sourceeventid=str(number))
    return Arrived(event, group, "stream", body, NOW, None)


class Bench:
    """A forwarder, and what was confirmed."""

    def __init__(self) -> None:
        self.sqs = MemorySqs()
        self.bucket = MemoryBucket()
        self.telemetry = RecordingTelemetry()
        self.measures = Measures("cc", self.telemetry)
        self.forwarder = Forwarder(self.sqs, LIVE, self.bucket, self.measures)
        self.confirmed: list[str] = []

    def submit(self, each: Arrived) -> None:
        """Send an event."""
        self.forwarder.submit(each, lambda: self.confirmed.append(each.event.id))

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do something while the forwarder runs, and wait until SQS has everything."""

        async def main() -> None:
            running = asyncio.create_task(self.forwarder.run())
            await work()
            async with asyncio.timeout(30):
                while not self.forwarder.is_idle:
                    await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

        asyncio.run(main())

    def taken(self, group: str) -> list[str]:
        """The ids of a group in the order SQS took them, each once."""
        mine = [each for each in self.sqs.taken[LIVE] if each.group == group]
        return list(dict.fromkeys(each.deduplication_id for each in mine))


def test_everything_is_sent_in_the_order_of_its_group() -> None:
    bench = Bench()

    async def work() -> None:
        for number in range(200):
            bench.submit(arrived(number, f"g{number % 7}"))

    bench.run(work)
    for group in range(7):
        assert bench.taken(f"g{group}") == [f"e{n}" for n in range(200) if n % 7 == group]
    assert sorted(bench.confirmed) == sorted(f"e{n}" for n in range(200))


@pytest.mark.parametrize(
    "error",
    [Unavailable("sending: down"), ConfigurationError("sending: denied"), ZeroDivisionError()],
    ids=["away", "denied", "a bug"],
)
def test_what_fails_as_a_whole_is_sent_again(error: Exception) -> None:
    bench = Bench()
    left = [error, error]
    send = bench.sqs.send_batch

    class Failing:
        async def send_batch(
            self, queue_url: str, messages: Sequence[Outgoing]
        ) -> list[str | None]:
            if left:
                raise left.pop()
            return await send(queue_url, messages)

    bench.forwarder = Forwarder(Failing(), LIVE, bench.bucket, bench.measures)

    async def work() -> None:
        for number in range(5):
            bench.submit(arrived(number, "one"))

    bench.run(work)
    assert bench.taken("one") == ["e0", "e1", "e2", "e3", "e4"]
    assert bench.confirmed == ["e0", "e1", "e2", "e3", "e4"]
    bench.measures.gather()
    assert bench.telemetry.counts[("sqs_refused", "cc")] == 2


def test_a_refused_message_holds_back_its_own_group_alone() -> None:
    bench = Bench()
    refusals = {"e0": 3}

    def refuse(message: Outgoing) -> str | None:
        left = refusals.get(message.deduplication_id, 0)
        refusals[message.deduplication_id] = left - 1
        return "SQS refused it: InternalError" if left > 0 else None

    bench.sqs.refuse = refuse

    async def work() -> None:
        for number in range(6):
            bench.submit(arrived(number, "ab"[number % 2]))

    bench.run(work)
    assert bench.taken("a") == ["e0", "e2", "e4"]
    assert bench.confirmed.index("e5") < bench.confirmed.index("e0")


def test_a_large_payload_goes_through_the_claim_check_and_its_group_waits() -> None:
    bench = Bench()
    large = json.dumps({"notes": "x" * 300_000})
    bench.bucket.failure = Unavailable("S3 is away")

    async def work() -> None:
        bench.submit(arrived(0, "a", large))
        bench.submit(arrived(1, "a"))
        bench.submit(arrived(2, "b"))
        while bench.confirmed != ["e2"]:
            await asyncio.sleep(0.01)
        bench.bucket.failure = None

    bench.run(work)
    assert bench.taken("a") == ["e0", "e1"]
    reference = json.loads(bench.sqs.taken[LIVE][1].body)["event_ref"]["key"]
    assert json.loads(bench.bucket.objects[reference])["raw"]["body"] == large
