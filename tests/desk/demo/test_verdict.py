from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.demo.evidence import Arrival, Dead, Sent, find_demo, read_dead
from desk.demo.verdict import DESTINATIONS, delayed_by, judge, unmet_trouble


def sent(number: int, **changes: object) -> Sent:
    values = {
        "source": "meetings",
        "id": f"e{number}",
        "interaction": "one",
        "sequence": number,
        "sent_at": float(number),
        "taken_at": float(number),
        "attempts": 1,
        "status": 202,
        "expect": 202,
        "deliver": DESTINATIONS,
        "dead": (),
        "repeat": False,
        "spoil": "",
        **changes,
    }
    return Sent(**values)  # type: ignore[arg-type]


def arrival(destination: str, number: int, **changes: object) -> Arrival:
    values = {
        "destination": destination,
        "at": float(number),
        "id": f"e{number}",
        "interaction": "one",
        "sequence": number,
        "stored": True,
        "what": "stored",
        **changes,
    }
    return Arrival(**values)  # type: ignore[arg-type]


SENT = [sent(n) for n in range(4)]
ARRIVED = [arrival(name, n) for name in DESTINATIONS for n in range(4)]


def kinds(*evidence: object) -> list[str]:
    return [kind for kind, _ in judge(*evidence).problems]  # type: ignore[arg-type]


def test_when_everything_arrived_once_and_in_order_every_promise_holds() -> None:
    verdict = judge(SENT, ARRIVED, [])
    assert verdict.holds
    assert (verdict.events, verdict.records) == (4, dict.fromkeys(DESTINATIONS, 4))


@given(missing=st.sampled_from(range(len(ARRIVED))))
def test_whatever_is_missing_is_lost(missing: int) -> None:
    assert kinds(SENT, ARRIVED[:missing] + ARRIVED[missing + 1 :], []) == ["lost"]


@given(again=st.sampled_from(ARRIVED))
def test_whatever_is_there_again_is_stored_twice(again: Arrival) -> None:
    assert "stored twice" in kinds(SENT, [*ARRIVED, replace(again, at=99.0)], [])


@given(
    destination=st.sampled_from(DESTINATIONS),
    pair=st.lists(st.integers(0, 3), min_size=2, max_size=2, unique=True),
)
def test_any_two_that_changed_places_are_out_of_order(destination: str, pair: list[int]) -> None:
    first, second = pair
    swapped = {first: float(second), second: float(first)}
    changed = [
        replace(a, at=swapped[a.sequence])
        if a.destination == destination and a.sequence in swapped
        else a
        for a in ARRIVED
    ]
    assert kinds(SENT, changed, []) == ["out of order"]


def test_other_interactions_have_no_order_between_them() -> None:
    others = [replace(a, interaction="two", at=-1.0) if a.sequence == 3 else a for a in ARRIVED]
    assert judge(SENT, others, []).holds


def test_repeats_of_a_key_are_no_records() -> None:
    repeat = arrival("crm", 1, stored=False, what="repeat", at=50.0)
    assert judge(SENT, [*ARRIVED, repeat], []).holds


def test_repeated_requests_are_one_event() -> None:
    assert judge([*SENT, sent(1, repeat=True)], ARRIVED, []).events == 4


def test_a_dead_letter_that_was_predicted_is_due() -> None:
    poison = sent(9, deliver=("lake",), dead=("crm", "pager"))
    lake = arrival("lake", 9)
    both = [Dead("crm", "e9", "event"), Dead("pager", "e9", "event")]
    assert judge([*SENT, poison], [*ARRIVED, lake], both).holds
    assert kinds([*SENT, poison], [*ARRIVED, lake], both[:1]) == ["dead letters that are missing"]


def test_a_dead_letter_that_nothing_predicted_is_a_problem() -> None:
    assert kinds(SENT, ARRIVED, [Dead("crm", "e1", "bug")]) == [
        "dead letters that nothing predicted"
    ]


def test_an_unanswered_send_is_due_at_the_one_that_must_not_be_asked_twice() -> None:
    def silent(a: Arrival) -> Arrival:
        first = (a.destination, a.sequence) == ("pager", 1)
        return replace(a, what="stored, unanswered") if first else a

    arrived = [silent(a) for a in ARRIVED]
    assert judge(SENT, arrived, [Dead("pager", "e1", "unknown")]).holds
    assert kinds(SENT, arrived, []) == ["dead letters that are missing"]


def test_what_was_refused_must_not_arrive() -> None:
    refused = sent(7, status=401, expect=401, deliver=())
    assert judge([*SENT, refused], ARRIVED, []).holds
    assert kinds([*SENT, refused], [*ARRIVED, arrival("crm", 7)], []) == ["stored but not expected"]


@pytest.mark.parametrize(("status", "expect"), [(202, 401), (503, 202), (401, 202)])
def test_a_wrong_answer_to_the_sender_is_a_problem(status: int, expect: int) -> None:
    wrong = sent(8, status=status, expect=expect, deliver=())
    assert kinds([*SENT, wrong], ARRIVED, []) == ["wrong answers to the sender"]


def refusing(numbers: range) -> list[Arrival]:
    """`crm` answers 503 to these, one a second, and takes all of them a minute later."""
    refused = [arrival("crm", n, stored=False, what="503") for n in numbers]
    return refused + [arrival("crm", n, at=n + 60.0) for n in numbers]


def at_lake(numbers: range, *, after: float) -> list[Arrival]:
    return [arrival("lake", n, at=n + after) for n in numbers]


def test_others_must_keep_up_while_one_is_down() -> None:
    many, numbers = [sent(n) for n in range(20)], range(20)

    def late(after: float) -> list[str]:
        arrived = refusing(numbers) + at_lake(numbers, after=after)
        return delayed_by(many, arrived, down="crm", others=["lake"])

    assert late(0.1) == []
    assert late(45.0) == [], "a slow machine is no outage"
    assert late(60.1) == ["lake: 0 of 10 in time"]


def test_who_is_let_go_with_the_one_that_is_well_again_was_delayed() -> None:
    """Even where it then has each event first."""
    many, numbers = [sent(n) for n in range(20)], range(20)
    together = [replace(a, at=60.0 + a.sequence / 100) for a in at_lake(numbers, after=0)]
    found = delayed_by(many, refusing(numbers) + together, down="crm", others=["lake"])
    assert found == ["lake: 0 of 10 in time"]


def test_what_came_late_to_all_says_nothing() -> None:
    many = [sent(n) for n in range(20)]
    arrived = refusing(range(15, 20)) + at_lake(range(15, 20), after=0.1)
    assert delayed_by(many, arrived, down="crm", others=["lake"]) == []
    assert delayed_by(many, at_lake(range(20), after=90.0), down="crm", others=["lake"]) == []


def test_a_run_that_broke_nothing_proves_nothing() -> None:
    due = {"crm": {"503", "429"}, "SQS": {"refused"}}
    assert unmet_trouble(due, {"crm": {"429", "503", "stored"}, "SQS": {"refused"}}) == []
    unmet = unmet_trouble(due, {"crm": {"503"}})
    assert unmet == ["crm: 429", "SQS: refused"]
    assert not judge(SENT, ARRIVED, [], unmet=unmet).holds


def test_the_senders_own_mark_is_found_wherever_it_was_put() -> None:
    mark = {"id": "x", "interaction": "i", "sequence": 0}
    assert find_demo({"data": [{"details": {"demo": mark}}]}) == mark
    assert find_demo({"data": "demo"}) is None


def test_a_dead_letter_is_read_by_its_event_or_its_raw_payload() -> None:
    reason = '"reason": {"class": "event", "message": "no", "destination": "route"}'
    raw = '{"raw": {"body": "{\\"demo\\": {\\"id\\": \\"e1\\"}}"}}'
    bodies = [
        f'{{"envelope": {raw}, {reason}}}',
        f'{{"envelope": {{"event": {{"data": {{"demo": {{"id": "e2"}}}}}}}}, {reason}}}',
        f'{{"unreadable": "x", {reason}}}',
    ]
    assert [one.id for one in read_dead(bodies)] == ["e1", "e2", ""]
