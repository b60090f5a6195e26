import pytest

from desk.timeline.predicate import parts
from switchboard.gathering import nothing_to_gather

EVENT = {
    "type": "call.ended",
    "data": {"queue": "sales && more", "seconds": 12, "tags": [{"k": "a"}], "note": "x" * 90},
}


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        ("type == 'call.ended'", [("type == 'call.ended'", True)]),
        (
            "type == 'call.ended' && data.seconds > `30`",
            [("type == 'call.ended'", True), ("data.seconds > `30`", False)],
        ),
        (
            "(type == 'a' || type == 'call.ended') && data.queue == 'sales && more' && data.no",
            [
                ("(type == 'a' || type == 'call.ended')", True),
                ("data.queue == 'sales && more'", True),
                ("data.no", False),
            ],
        ),
        (
            "type == 'a' || data.tags[?k == 'b']",
            [("type == 'a'", False), ("data.tags[?k == 'b']", False)],
        ),
        ("!data.seconds && `true`", [("!data.seconds", False), ("`true`", True)]),
        ("data | seconds > `1` && queue", [("data | seconds > `1` && queue", True)]),
    ],
)
def test_a_predicate_is_taken_apart_where_it_is_joined(
    predicate: str, expected: list[tuple[str, bool]]
) -> None:
    assert [
        (part.text, part.holds) for part in parts(predicate, EVENT, nothing_to_gather)
    ] == expected


def test_a_comparison_says_what_it_saw() -> None:
    said = parts(
        "data.seconds > `30` && data.note == 'y' && data.no == 'z'", EVENT, nothing_to_gather
    )
    assert [part.seen for part in said][::2] == ["data.seconds is 12", "data.no is null"]
    assert len(said[1].seen) < 80


def test_a_part_that_fails_on_the_event_does_not_hold_and_says_why() -> None:
    (part,) = parts("contains(data.seconds, 'x')", EVENT, nothing_to_gather)
    assert not part.holds
    assert "contains()" in part.seen
