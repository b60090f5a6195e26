"""Deliveries a second that a replay plans and sends, where each request to AWS takes a while."""

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence

from functions.replay_events.sending import Ports, Sending
from functions.replay_events.wiring import WIDTH
from switchboard.aws.parallel import ParallelOutbox
from switchboard.event import Event, EventKey
from switchboard.events import Kept
from switchboard.queue import BATCH_ENTRIES, Outgoing
from switchboard.replays import Replay, ReplayStatus, Selected, plan
from switchboard.testing.deliveries import make_event
from switchboard.testing.reading import MemoryLeases
from switchboard.testing.replaying import MemoryReplays
from switchboard.testing.stores import MemoryOutbox, RecordingTelemetry

PLANNED = 100_000
SENT = 10_000
REQUEST_SECONDS = 0.01
"""What a request to DynamoDB or SQS takes within a region."""

BUDGET = "1,000/s"


class _Events:
    """Every event that is asked for, read from its text as the events table gives it."""

    def __init__(self) -> None:
        self._text = make_event(1).model_dump_json()

    def read(self, keys: Sequence[EventKey]) -> Mapping[EventKey, Kept]:
        """See EventReader."""
        time.sleep(REQUEST_SECONDS)
        return {key: Kept(Event.model_validate_json(self._text), None, None) for key in keys}


class _Replays(MemoryReplays):
    def advance(self, replay: Replay, now: float) -> bool:
        """See ReplayStore."""
        time.sleep(REQUEST_SECONDS)
        return super().advance(replay, now)


class _Queue(MemoryOutbox):
    """See Outbox: a request for ten messages."""

    def send(self, messages: Sequence[Outgoing]) -> list[str | None]:
        """See Outbox."""
        for start in range(0, len(messages), BATCH_ENTRIES):
            time.sleep(REQUEST_SECONDS)
            self.taken.extend(messages[start : start + BATCH_ENTRIES])
        return [None] * len(messages)


def measure() -> dict[str, str]:
    """Planned and sent, and the requests to AWS that each takes."""
    replays = _Replays()
    began = time.perf_counter()
    planned = plan(_replay(PLANNED), _selection(PLANNED), replays, replays)
    planning = planned.total / (time.perf_counter() - began)

    plan(_replay(SENT), _selection(SENT), replays, replays)
    replays.start(f"of-{SENT}", 0.0)
    outbox = _Queue()
    sending = Sending(
        Ports(
            replays=replays,
            chunks=replays,
            events=_Events(),
            bulk=ParallelOutbox(outbox, WIDTH),
            leases=MemoryLeases(),
            telemetry=RecordingTelemetry(),
            clock=itertools.count(1.0, 1e-6).__next__,
            sleep=lambda _: None,
        )
    )
    began = time.perf_counter()
    (after,) = sending.send(None, "benchmark", 1e9)
    running = len(outbox.taken) / (time.perf_counter() - began)
    assert after.status is ReplayStatus.SENT  # noqa: S101 - else the figure is of nothing
    return {
        "a replay planned": f"{planning:,.0f}/s | {BUDGET}",
        "a replay sent": f"{running:,.0f}/s at 10 ms a request | {BUDGET}",
    }


def _replay(count: int) -> Replay:
    return Replay(id=f"of-{count}", destination="crm", rate=1e9)


def _selection(count: int) -> Iterator[Selected]:
    for number in range(count):
        yield Selected(group=f"interaction:{number // 5}", event_id=f"{number:040x}")
