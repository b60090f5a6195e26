"""What two ways in brought, compared."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from desk.migration.comparison import Comparison, Span, compare
from switchboard.envelope import Raw
from switchboard.event import Event
from switchboard.sources.stream import gap, normalise, stream_event

SECONDS = 1788250530
SPAN = Span(datetime.fromtimestamp(SECONDS, UTC), datetime.fromtimestamp(SECONDS + 3600, UTC))
NOW = datetime.fromtimestamp(SECONDS, UTC)


def event(
    source: str, number: int, *, named: bool = True, instance: str = "node-1", **fields: Any
) -> Event:
    """An event of that number, as `source` brought it."""
    info = {"instanceId": instance, "sequenceId": number, "timestamp": SECONDS * 1000 + number}
    body = {
        "event": "InteractionQueued",
        "interactionGUID": f"int-{number}",
        "interactionEventTS": SECONDS + number,
        **({"msgInfo": info} if named else {}),
        **fields,
    }
    payload = json.dumps({"Interaction": body})
    received = stream_event(source, payload.encode(), NOW)
    return normalise(received.event, Raw(kind="sapi", body=payload, received_at=""))


def old(*numbers: int, **more: Any) -> list[Event]:
    return [event("old", number, **more) for number in numbers]


def new(*numbers: int, **more: Any) -> list[Event]:
    return [event("new", number, **more) for number in numbers]


def only(found: Comparison) -> tuple[list[str], list[str]]:
    return [one.event for one in found.missing], [one.event for one in found.extra]


def test_everything_in_both_is_complete() -> None:
    found = compare(old(1, 2, 3), new(3, 1, 2), SPAN)
    assert found.complete
    assert found.compared == 3
    assert only(found) == ([], [])
    assert found.differences == []


def test_nothing_proves_nothing() -> None:
    assert not compare([], new(1), SPAN).complete


def test_what_is_missing_and_what_is_more_is_named_per_type() -> None:
    found = compare(old(1, 2), new(2, 3), SPAN)
    assert not found.complete
    assert only(found) == (
        [f"node-1/1/{SECONDS * 1000 + 1}"],
        [f"node-1/3/{SECONDS * 1000 + 3}"],
    )
    numbers = found.types["interaction.queued"]
    assert (numbers.both, numbers.only_old, numbers.only_new) == (1, 1, 1)


def test_fields_that_differ_are_told_masked() -> None:
    found = compare(old(1, queueId="0123456789"), new(1, queueId="9876543210", extra=1), SPAN)
    assert found.complete, "the event is there"
    assert [(one.field, one.old, one.new) for one in found.differences] == [
        ("extra", None, "*"),
        ("queueId", "********89", "********10"),
    ]
    assert found.types["interaction.queued"].differing == 1


def test_quotes_and_the_order_of_attached_data_are_no_differences() -> None:
    def data(*keys: str) -> dict[str, Any]:
        return {"attachedDatum": [{"attachedDataKey": k, "attachedDataValue": k} for k in keys]}

    one = old(1, queueId=1162, isQueued="false", attachedData=data("a", "b"))
    other = new(1, queueId="1162", isQueued=False, attachedData=data("b", "a"))
    assert compare(one, other, SPAN).differences == []


def test_events_without_a_whole_name_are_compared_by_what_they_say() -> None:
    found = compare(old(1, 2, named=False), new(2, 1, named=False), SPAN)
    assert found.complete
    assert found.types["interaction.queued"].by_content == 2


def test_names_that_differ_between_the_ways_do_not_matter() -> None:
    found = compare(old(1, 2), new(1, 2, instance="pulsar-7"), SPAN)
    assert found.complete
    assert found.types["interaction.queued"].by_content == 2
    assert found.differences == []


def test_a_repeated_toggle_is_two_events() -> None:
    twice = [*old(1, instance="a"), *old(1, instance="b")]
    found = compare(twice, new(1, instance="c"), SPAN)
    assert len(found.missing) == 1


def test_what_lies_beside_the_span_is_a_partner_and_not_missing() -> None:
    late = old(4000)
    assert not compare(late, [], SPAN).missing
    assert not compare([], new(4000), SPAN).extra


def test_events_of_our_own_are_told_apart() -> None:
    received, body = gap(
        "new",
        place="p",
        after=None,
        until=None,
        after_time=None,
        until_time=None,
        cause="retention",
        now=datetime.fromtimestamp(SECONDS + 5, UTC),
    )
    told = normalise(received.event, Raw(kind="stream", body=body, received_at=""))
    found = compare(old(1), [*new(1), told], SPAN)
    assert found.complete
    assert found.told == {"old": {}, "new": {"stream.gap.detected": 1}}
    assert found.extra == []


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)), st.booleans(), st.randoms())
def test_missing_is_what_one_set_has_more(
    left: set[int], right: set[int], named: bool, dice: Any
) -> None:
    mine, others = old(*left, named=named), new(*right, named=named)
    dice.shuffle(mine)
    dice.shuffle(others)
    found = compare(mine, others, SPAN)
    assert len(found.missing) == len(left - right)
    assert len(found.extra) == len(right - left)
    assert found.complete is bool(left and left <= right)
