import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from weakref import WeakSet

import pytest

from functions.replay_events.asking import SPARE_SECONDS, Asked
from functions.replay_events.sending import LEASE_SECONDS, REPLAY, STEP
from switchboard.destination import Lane
from switchboard.envelope import DeliveryOrder, decode
from switchboard.errors import EventError, Unavailable
from switchboard.lease import CLOCK_MARGIN
from switchboard.queue import Outgoing
from switchboard.replay_id import is_earlier, is_replay_id, new_replay_id
from switchboard.replays import (
    CHUNK_LINES,
    Replay,
    ReplayStatus,
    Selected,
    decode_chunk,
    encode_chunk,
    plan,
    planned_deliveries,
)
from switchboard.testing.deliveries import make_event
from switchboard.testing.replaying import MemoryReplays
from tests.functions.replay_events.rig import GROUP, ReplayRig


def many(rig: ReplayRig, count: int) -> list[Selected]:
    """Deliveries whose events are kept, each in a group of its own."""
    found = []
    for number in range(count):
        event = make_event(number)
        rig.keep(event, group=f"event:{event.id}")
        found.append(Selected(group=f"event:{event.id}", event_id=event.id))
    return found


def sent(rig: ReplayRig) -> list[str]:
    return [event.id for one in rig.bulk.sent if (event := decode(one.body).event)]


def test_a_plan_is_sent_in_its_order_with_its_order() -> None:
    rig = ReplayRig()
    first, second = make_event(1), make_event(2)
    rig.keep(second, first)
    replay = rig.plan(
        Selected(group=GROUP, event_id=first.id, generation=2, lane=Lane.URGENT),
        Selected(group=GROUP, event_id=second.id, mapping_version=7),
    )
    (after,) = rig.invoke()
    assert (after.status, after.position, after.total) == (ReplayStatus.SENT, 2, 2)
    one, two = (decode(message.body) for message in rig.bulk.sent)
    assert (one.event, two.event) == (first, second)
    assert one.delivery == DeliveryOrder(only="crm", replay=replay, generation=2, lane=Lane.URGENT)
    assert two.delivery == DeliveryOrder(only="crm", replay=replay, mapping_version=7)
    assert rig.replays.running() == []


def test_a_replay_goes_on_over_chunks_and_invocations() -> None:
    rig = ReplayRig()
    selected = many(rig, CHUNK_LINES + 250)
    rig.plan(*selected, rate=300.0)
    seen: list[int] = []
    while rig.replays.running():
        (after,) = rig.invoke(seconds=1.5)
        seen.append(after.position)
    assert sent(rig) == [one.event_id for one in selected]
    assert len(seen) > 2
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(("rate", "count"), [(0.5, 4), (7.0, 50), (250.0, 900)])
def test_no_more_is_sent_than_the_rate_allows(rate: float, count: int) -> None:
    rig = ReplayRig()
    rig.plan(*many(rig, count), rate=rate)
    times: list[float] = []
    rig.bulk.before = lambda _: times.append(rig.clock())
    while rig.replays.running():
        rig.invoke(seconds=2.5)
    # In whatever window: what its seconds allow, and the step with which it began.
    for begin in range(0, len(times), 3):
        for end in range(begin + 1, len(times)):
            allowed = rate * (times[end] - times[begin]) + max(1, min(STEP, rate))
            assert end - begin <= allowed + 1e-6
    assert len(times) == count


def test_a_refused_message_stops_the_position_before_it() -> None:
    rig = ReplayRig()
    selected = many(rig, 30)
    rig.plan(*selected)

    class Refusing:
        def send(self, messages: Sequence[Outgoing]) -> list[str | None]:
            answers = rig.bulk.send(messages[:12])
            return [*answers, *["SQS refused it"] * (len(messages) - 12)]

    sending = rig.sending()
    sending._ports = replace(sending._ports, bulk=Refusing())
    assert sending.send(None, "one", rig.clock() + 50) == []
    assert rig.replays.replays[rig.replays.running()[0]].position == 12
    assert rig.bench.telemetry.counts["replay_stalled", REPLAY] == 1
    rig.invoke()
    assert sent(rig) == [one.event_id for one in selected]


def test_what_is_away_leaves_other_replays_alone_and_is_tried_again() -> None:
    rig = ReplayRig()
    one, two = many(rig, 2)
    broken = rig.plan(one)
    rig.plan(two)
    kept = rig.replays.chunks.pop((broken, 0))
    rig.replays.chunks[broken, 0] = b"no chunk"
    (after,) = rig.invoke()
    assert after.id != broken
    assert sent(rig) == [two.event_id]
    rig.replays.chunks[broken, 0] = kept
    rig.events.failure = Unavailable("DynamoDB is away")
    assert rig.invoke() == []
    rig.events.failure = None
    rig.invoke()
    assert sent(rig) == [two.event_id, one.event_id]


def test_an_event_that_is_no_longer_kept_is_passed_over_and_counted() -> None:
    rig = ReplayRig()
    selected = many(rig, 3)
    del rig.events.kept[selected[1].group, selected[1].event_id]
    replay = rig.plan(*selected)
    (after,) = rig.invoke()
    assert sent(rig) == [selected[0].event_id, selected[2].event_id]
    assert (after.status, after.gone, after.position) == (ReplayStatus.SENT, 1, 3)
    assert rig.replays.replays[replay].gone == 1


def test_a_cancelled_replay_stops_before_its_next_step_and_can_go_on() -> None:
    rig = ReplayRig()
    selected = many(rig, 3 * STEP)
    replay = rig.plan(*selected)

    def cancel(message: Outgoing) -> None:
        if len(rig.bulk.sent) == STEP + 5:
            rig.replays.cancel(replay, rig.clock())
        del message

    rig.bulk.before = cancel
    (after,) = rig.invoke()
    assert after.status is ReplayStatus.CANCELLED
    assert len(rig.bulk.sent) == 2 * STEP
    assert rig.invoke() == []
    rig.replays.start(replay, rig.clock())
    rig.invoke()
    assert set(sent(rig)) == {one.event_id for one in selected}


def test_two_executions_at_once_do_not_send_the_same_replay() -> None:
    rig = ReplayRig()
    replay = rig.plan(*many(rig, 3))
    rig.leases.take(f"replay#{replay}", "another", rig.clock(), LEASE_SECONDS)
    (after,) = rig.invoke(replay)
    assert (after.position, rig.bulk.sent) == (0, [])
    rig.clock.forward(LEASE_SECONDS + CLOCK_MARGIN)
    rig.invoke(replay)
    assert len(rig.bulk.sent) == 3


def test_a_replay_that_nobody_planned_is_nothing() -> None:
    assert ReplayRig().invoke("20261127T090000000Z-00000000") == []


class TestWhatIsAskedFor:
    def test_the_schedule_asks_for_everything_until_the_deadline(self) -> None:
        asked = Asked.read({"version": "0", "detail-type": "Scheduled Event", "detail": {}})
        assert asked == Asked()
        assert asked.until(1000.0, 1120.0) == 1120.0 - SPARE_SECONDS

    def test_the_desk_asks_for_one_and_for_how_long(self) -> None:
        asked = Asked.read({"replay": "one", "seconds": 5})
        assert (asked.replay, asked.until(1000.0, 1120.0)) == ("one", 1005.0)
        assert Asked.read({"seconds": 500}).until(1000.0, 1120.0) == 1120.0 - SPARE_SECONDS

    @pytest.mark.parametrize("event", [{"seconds": 0}, {"seconds": "soon"}, {"replay": 7}])
    def test_nonsense_is_refused(self, event: dict[str, object]) -> None:
        with pytest.raises(EventError, match="what is asked for"):
            Asked.read(event)


class TestPlans:
    def test_a_hundred_thousand_are_planned_and_read_without_holding_them(self) -> None:
        living: WeakSet[Selected] = WeakSet()
        most = 0

        def selection() -> Iterator[Selected]:
            nonlocal most
            for number in range(100_000):
                one = Selected(group=f"interaction:{number % 900}", event_id=f"event-{number}")
                living.add(one)
                most = max(most, len(living))
                yield one

        replays = MemoryReplays()
        planned = plan(Replay(id="one", destination="crm"), selection(), replays, replays)
        assert (planned.total, len(replays.chunks)) == (100_000, 100)
        # One that is written, and one that fills.
        assert most <= 2 * CHUNK_LINES
        read = most_read = 0
        held: WeakSet[Selected] = WeakSet()
        for one in planned_deliveries(planned, replays):
            held.add(one)
            read += 1
            most_read = max(most_read, len(held))
        assert read == 100_000
        assert most_read <= 2 * CHUNK_LINES

    def test_a_chunk_comes_back_as_it_was(self) -> None:
        lines = [
            Selected(group="agent:ü", event_id="one", generation=3, lane=Lane.URGENT),
            Selected(group="interaction:two", event_id="two", mapping_version=4),
        ]
        assert decode_chunk(encode_chunk(lines)) == lines
        assert encode_chunk(lines) == encode_chunk(lines)

    @pytest.mark.parametrize("body", [b"", b"no gzip", encode_chunk([])[:-9]])
    def test_what_is_no_chunk_says_so(self, body: bytes) -> None:
        with pytest.raises(EventError, match="plan the replay again"):
            decode_chunk(body or b"\x1f")

    def test_an_empty_selection_leaves_no_plan(self) -> None:
        replays = MemoryReplays()
        assert plan(Replay(id="one", destination="crm"), [], replays, replays).total == 0
        assert replays.replays == {}

    def test_a_plan_of_a_later_release_is_read(self) -> None:
        line = {"group": "g", "event_id": "e", "colour": "blue"}
        assert Selected.model_validate_json(json.dumps(line)) == Selected(group="g", event_id="e")


def test_ids_sort_by_their_moment_and_foreign_ones_do_not() -> None:
    one, two = new_replay_id(1_790_000_000.0, "f" * 32), new_replay_id(1_790_000_000.5, "0" * 32)
    assert is_replay_id(one)
    assert is_earlier(one, two)
    assert not is_earlier(two, one)
    assert not is_earlier(one, one)
    assert not any(is_earlier(a, b) for a, b in ((None, one), (one, None), ("uuid", one)))
