"""`switchboard prove`: a whole day closes; each thing that is taken away is named."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest

from desk.command.app import run
from switchboard.archive import RawLine
from switchboard.envelope import Raw
from switchboard.errors import ReasonClass
from switchboard.event import Event, utc_text
from switchboard.events import Recorded
from switchboard.ledger import State
from switchboard.routing import Choice
from switchboard.testing.deliveries import make_event
from tests.desk.staged import AT, DAY, STAGE, Staged, staged

EVENTS = 10


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Staged]:
    with staged(monkeypatch) as stage:
        yield stage


@pytest.fixture
def day(stage: Staged) -> list[Event]:
    """A day of two interactions, all delivered."""
    events = [stage.route(n, "crm", "pager", group=group_of(n)) for n in range(EVENTS)]
    for number, event in enumerate(events):
        for name in ("crm", "pager"):
            stage.settle(event, name, group=group_of(number))
    return events


def group_of(number: int) -> str:
    return f"interaction:{number % 2}"


def prove(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, Any]:
    code = run(["prove", DAY, "--stage", STAGE, "--json", *more])
    return code, json.loads(capsys.readouterr().out)


def test_a_day_of_which_everything_is_delivered_closes(
    day: list[Event], capsys: pytest.CaptureFixture[str]
) -> None:
    del day
    code, said = prove(capsys)
    assert (code, said["closes"], said["problems"]) == (0, True, [])
    assert said["sources"]["meetings"]["captured"] == EVENTS
    for name in ("crm", "pager"):
        found = said["destinations"][name]
        assert (found["recorded"], found["delivered_once"], found["waiting"]) == (EVENTS, EVENTS, 0)
    assert said["archive"]["lines"] == EVENTS


def test_more_events_than_a_request_takes_are_all_counted(
    stage: Staged, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(250):
        stage.route(number, archived=False)
    code, said = prove(capsys)
    assert (code, said["sources"]["meetings"]["unrouted"]) == (0, 250)


def test_states_are_counted_apart_and_close(
    stage: Staged, capsys: pytest.CaptureFixture[str]
) -> None:
    final = [State.DELIVERED, State.DEAD, State.HELD, State.SKIPPED, State.DISCARDED]
    for number, state in enumerate([*final, State.WAITING]):
        reason = ReasonClass.REJECTED if state is State.DEAD else None
        stage.settle(stage.route(number, "crm"), "crm", state, reason_class=reason)
    doubtful = stage.route(20, "crm", source="partner")
    stage.settle(doubtful, "crm", possible_duplicates=2)
    stage.route(21, source="partner")
    stage.route(22, "gone", source="partner")
    stage.route(23, source="partner", held="1")
    stage.discard(stage.route(24, source="partner", held="2"))
    code, said = prove(capsys)
    assert code == 0
    crm = said["destinations"]["crm"]
    assert crm["states"] == {
        "delivered": 2, "dead": 1, "held": 1, "skipped": 1, "discarded": 1, "waiting": 1,
    }  # fmt: skip
    assert (crm["delivered_once"], crm["possible_duplicates"], crm["waiting"]) == (1, 2, 1)
    assert crm["dead_by_reason"] == {"rejected": 1}
    assert said["destinations"]["gone"]["states"] == {"not_deployed": 1}
    partner = said["sources"]["partner"]
    assert (partner["unrouted"], partner["held"], partner["discarded"]) == (1, 1, 1)


def test_what_has_no_entry_yet_waits_in_a_queue(
    stage: Staged, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        stage.route(number, "crm")
    stage.queue("crm-normal", 2)
    stage.queue("ingest", 1)
    code, said = prove(capsys)
    assert (code, said["destinations"]["crm"]["waiting"]) == (0, 3)


def test_a_dead_letter_without_a_choice_is_undecided_and_one_of_the_router_refused(
    stage: Staged, capsys: pytest.CaptureFixture[str]
) -> None:
    event = stage.route(1, "pager")
    stage.settle(event, "pager")
    stage.settle(event, "crm", State.DEAD, reason_class=ReasonClass.EVENT)
    refused = make_event(2)
    raw = Raw(kind="jaas", body="{}", received_at=utc_text(AT))
    stage.archive.write([RawLine(refused.id, "meetings", refused.time, raw)])
    stage.settle(refused, "route", State.DEAD, reason_class=ReasonClass.EVENT)
    code, said = prove(capsys)
    assert (code, said["refused"]) == (0, 1)
    assert said["destinations"]["crm"]["undecided"] == 1


def test_the_events_of_an_object_are_of_any_day(
    stage: Staged, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.route(1, "crm", time=AT - timedelta(days=400))
    code, said = prove(capsys, "--archive")
    assert (code, said["problems"]) == (0, [])
    lost = stage.route(2, "crm", time=AT - timedelta(days=400))
    stage.remove("events", "interaction:one", lost.id)
    code, said = prove(capsys, "--archive")
    assert [one["kind"] for one in said["problems"]] == ["archived_not_recorded"]


Fault = Callable[[Staged, Event, str], None]


def lose_the_entry(stage: Staged, event: Event, group: str) -> None:
    stage.remove("ledger", group, f"{event.id}#crm")


def lose_the_event(stage: Staged, event: Event, group: str) -> None:
    stage.remove("events", group, event.id)


def record_it_twice(stage: Staged, event: Event, group: str) -> None:
    choices = [Choice(name=name, version=1) for name in ("crm", "pager")]
    stage.events.append(Recorded(f"{group}-too", event, "", None, None, choices))
    for name in ("crm", "pager"):
        stage.settle(event, name, group=f"{group}-too")


def lose_the_payload(stage: Staged, event: Event, group: str) -> None:
    item: Any = boto3.client("dynamodb").get_item(
        TableName="events", Key={"group": {"S": group}, "event_id": {"S": event.id}}
    )
    key = json.loads(item["Item"]["raw_ref"]["S"])["key"]
    boto3.client("s3").delete_object(Bucket="archive", Key=key)
    del stage


def bury_without_an_event(stage: Staged, event: Event, group: str) -> None:
    lose_the_event(stage, event, group)
    for name in ("crm", "pager"):
        stage.remove("ledger", group, f"{event.id}#{name}")
    stage.settle(event, "crm", State.DEAD, group, reason_class=ReasonClass.REJECTED)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (lose_the_entry, "no_entry"),
        (lose_the_event, "archived_not_recorded"),
        (record_it_twice, "recorded_twice"),
        (lose_the_payload, "no_raw_line"),
        (bury_without_an_event, "no_event"),
    ],
)
def test_what_is_wrong_is_named(
    stage: Staged, day: list[Event], fault: Fault, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    event = day[7]
    fault(stage, event, group_of(7))
    code, said = prove(capsys, "--archive")
    assert (code, said["closes"]) == (1, False)
    assert [(one["kind"], event.id in one["what"]) for one in said["problems"]] == [(kind, True)]
    assert run(["prove", DAY, "--stage", STAGE]) == 1
    assert event.id in capsys.readouterr().out.replace("\n", "")


def test_a_person_sees_tables_and_the_queries(
    day: list[Event], capsys: pytest.CaptureFixture[str]
) -> None:
    del day
    assert run(["prove", DAY, "--stage", STAGE, "--queries"]) == 0
    shown = capsys.readouterr().out
    for part in (
        "meetings",
        "crm",
        "10",
        "the sum closes",
        "--select COUNT",
        "meetings#2026-11-24#7",
    ):
        assert part in shown


def test_what_is_no_day_is_an_error(stage: Staged, capsys: pytest.CaptureFixture[str]) -> None:
    del stage
    assert run(["prove", "tomorrow-ish", "--stage", STAGE]) == 1
    assert "2026-11-27" in capsys.readouterr().err
