"""What is read of S3's log, and that a destination without a fault fails: the rest is a run."""

from typing import Any

from switchboard.destination import Mode
from tests.faults.deliveries.verdict import Verdict
from tests.faults.laptop.__main__ import last_line
from tests.faults.laptop.destinations import BUCKET, DESTINATIONS
from tests.faults.laptop.evidence import put_keys, role
from tests.faults.laptop.scene import PER_GROUP, event

(LAKE,) = [one for one in DESTINATIONS if one.name == "s3-ordered"]


def call(key: str, status: int = 200, **changes: Any) -> dict[str, Any]:
    resource = f"arn:aws:s3:::{BUCKET}/{key}"
    made = {"action": "PutObject", "status": status, "role": role(LAKE), "resource": resource}
    return {**made, **changes}


def test_what_s3_took_is_in_its_order_and_each_once() -> None:
    calls = [
        call("ordered/b"),
        call("ordered/a", 503),
        call("ordered/a"),
        call("ordered/b"),
        call("ordered/c", 412),
        call("ordered/d", role="another"),
        call("ordered/e", action="GetObject"),
        call("batched/f"),
    ]
    assert put_keys(calls, LAKE) == ["ordered/b", "ordered/a"]


def test_every_kind_is_there_in_every_mode_that_it_has() -> None:
    modes = {
        kind: {one.mode for one in DESTINATIONS if one.kind == kind and one.safe}
        for kind in ("webhook", "s3", "slack")
    }
    # What is sent together anyway has no mode `batched`.
    assert modes == {"webhook": set(Mode), "s3": set(Mode), "slack": set(Mode) - {Mode.BATCHED}}


def test_both_sides_that_can_be_erred_on_are_there() -> None:
    unsafe = {one.name for one in DESTINATIONS if not one.safe}
    assert unsafe == {"webhook-at-least-once", "webhook-at-most-once", "slack-at-most-once"}


def test_a_group_has_one_channel_and_its_numbers_in_order() -> None:
    group = [event(number) for number in range(PER_GROUP, 2 * PER_GROUP)]
    assert len({(one.data["group"], one.data["channel"]) for one in group}) == 1
    assert [one.data["number"] for one in group] == list(range(PER_GROUP))


def test_the_last_line_is_the_sum() -> None:
    verdict = Verdict(500, 9, 1, 0, 0, 0, ())
    expected = "LAPTOP: 2 destinations, 1,000 deliveries, 2 lost"
    assert last_line({"a": verdict, "b": verdict}) == expected
