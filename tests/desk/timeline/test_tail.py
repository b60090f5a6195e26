"""What a tail sees of a stage in moto, poll by poll."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from desk.command.app import run
from desk.records.events import EventRecords
from desk.records.ledger import LedgerRecords
from desk.target import Target
from desk.timeline.tail import Change, Filter, Tail
from switchboard.errors import ReasonClass
from switchboard.ledger import State
from tests.desk.staged import AT, STAGE, Staged, staged


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Staged]:
    with staged(monkeypatch) as stage:
        yield stage


@pytest.fixture
def tail(stage: Staged) -> Tail:
    del stage
    target = Target(STAGE)
    sources, destinations = ["meetings", "partner"], ["crm", "pager", "route"]
    return Tail(EventRecords(target), LedgerRecords(target), sources, destinations)


def told(changes: Iterator[Change]) -> list[tuple[str, str, str]]:
    return [(one.event_id, one.destination, one.state) for one in changes]


def test_only_what_is_new_is_told_and_once(stage: Staged, tail: Tail) -> None:
    stage.route(1, "crm")
    tail.start(AT)
    assert told(tail.poll(AT)) == []
    new = stage.route(2, "crm", source="partner")
    assert told(tail.poll(AT)) == [(new.id, "", "")]
    assert told(tail.poll(AT)) == []


def test_a_delivery_is_followed_from_attempt_to_attempt_until_it_is_final(
    stage: Staged, tail: Tail
) -> None:
    tail.start(AT)
    event = stage.route(1, "crm", "pager")
    assert len(told(tail.poll(AT))) == 1
    first = stage.settle(event, "crm", State.WAITING, reason="503")
    assert told(tail.poll(AT)) == [(event.id, "crm", "waiting")]
    assert told(tail.poll(AT)) == []
    stage.resettle(first, attempt=2)
    assert told(tail.poll(AT)) == [(event.id, "crm", "waiting")]
    stage.resettle(first, attempt=3, state=State.DELIVERED)
    assert told(tail.poll(AT)) == [(event.id, "crm", "delivered")]
    stage.resettle(first, attempt=4, state=State.DELIVERED)
    assert told(tail.poll(AT)) == []


def test_the_dead_letter_of_an_older_event_is_told_once(stage: Staged, tail: Tail) -> None:
    old = stage.route(1, "crm", time=AT - timedelta(days=9))
    tail.start(AT)
    later = AT.timestamp() + 5
    stage.settle(old, "crm", State.DEAD, reason_class=ReasonClass.REJECTED, updated_at=later)
    assert told(tail.poll(AT)) == [(old.id, "crm", "dead")]
    assert told(tail.poll(AT)) == []


def test_shortly_after_midnight_the_day_before_still_counts(stage: Staged, tail: Tail) -> None:
    midnight = datetime(2026, 11, 25, 0, 10, tzinfo=UTC)
    tail.start(midnight)
    late = stage.route(1, time=midnight - timedelta(minutes=11))
    on_time = stage.route(2, time=midnight)
    assert told(tail.poll(midnight)) == [(late.id, "", ""), (on_time.id, "", "")]
    assert told(tail.poll(midnight + timedelta(hours=2))) == []


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (Filter(), True),
        (Filter(source="partner"), False),
        (Filter(type="call.*"), True),
        (Filter(type="call"), False),
        (Filter(destination="crm", state="dead"), True),
        (Filter(destination="pager"), False),
        (Filter(state="delivered"), False),
    ],
)
def test_a_filter_takes_what_fits(wanted: Filter, taken: bool) -> None:
    change = Change("", "e", "meetings", "call.ended", "crm", "dead", "")
    assert wanted.takes(change) is taken


def test_it_ends_after_the_time_it_is_given(
    stage: Staged, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    assert run(["tail", "--for", "0", "--stage", STAGE, "--json"]) == 0
    assert capsys.readouterr().out == ""
