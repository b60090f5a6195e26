"""`switchboard timeline`, `search` and `why` against a stage in moto."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from desk.command.app import run
from switchboard.errors import ReasonClass
from switchboard.event import OWN_SOURCE, Event
from switchboard.ledger import State
from tests.desk.staged import DAY, STAGE, Staged, staged


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Staged]:
    with staged(monkeypatch) as stage:
        yield stage


def command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = run([*words, "--stage", STAGE, "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else said.err.replace("\n", " ")


class TestTimeline:
    @pytest.fixture
    def event(self, stage: Staged) -> Event:
        event = stage.route(1, "crm", "pager", time=datetime.now(UTC))
        stage.settle(event, "crm", remote_id="remote-1")
        mark = {"group": {"S": "interaction:one"}, "delivery": {"S": "guard#crm"}}
        boto3.client("dynamodb").put_item(TableName="ledger", Item=mark)
        return event

    @pytest.mark.parametrize("named", ["one", "interaction:one", "whole", "beginning"])
    def test_it_is_found_by_interaction_group_and_event(
        self, event: Event, named: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        name = {"whole": event.id, "beginning": event.id[:9]}.get(named, named)
        code, said = command(capsys, "timeline", name)
        assert (code, said["group"], said["marks"]) == (0, "interaction:one", ["guard#crm"])
        whats = {(one["what"], one["who"], one["state"]) for one in said["moments"]}
        assert whats == {
            ("event", "meetings", ""),
            ("delivery", "crm", "delivered"),
            ("delivery", "pager", "queued"),
        }

    def test_a_person_sees_a_table(self, event: Event, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["timeline", "one", "--stage", STAGE]) == 0
        shown = capsys.readouterr().out
        for part in (event.id[:12], "delivered", "remote-1", "queued", "guard#crm", "meetings"):
            assert part in shown

    def test_an_interaction_has_its_record(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        agent = {"agent": "ag1", "disposition": "SALE", "direction": "in"}
        for number, (kind, second) in enumerate((("accepted", 10), ("wrap_up.started", 52))):
            at = datetime(2026, 11, 20, 9, 0, second, tzinfo=UTC)
            large = {"long": "x" * 70_000} if number else {}
            data = {**agent, **large}
            name = f"interaction.{kind}"
            stage.route(number, type=name, time=at, data=data, apart=bool(number))
        _, said = command(capsys, "timeline", "one")
        assert said["interaction"]["durations"]["talk_seconds"] == 42
        assert run(["timeline", "one", "--stage", STAGE]) == 0
        shown = capsys.readouterr().out
        for part in ("open: interaction from somebody", "talk 42 s", "agent ag1", "SALE"):
            assert part in shown

    def test_what_is_nowhere_says_how_to_find_it(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        del stage
        code, said = command(capsys, "timeline", "nothing")
        assert code == 1
        assert "switchboard search" in said
        assert command(capsys, "timeline", "agent:no:2026-01-01")[0] == 1


class TestSearch:
    @pytest.fixture
    def events(self, stage: Staged) -> list[Event]:
        made = [
            stage.route(1, "crm", "pager", data={"from": "+1 415-555-2671"}),
            stage.route(2, "crm", source="partner", type="ticket.created", subject="Rechnung 7"),
            stage.route(3, source="partner", type="ticket.closed", data={"note": "RECHNUNG"}),
        ]
        stage.settle(made[0], "crm")
        stage.settle(made[1], "crm", State.DEAD, reason_class=ReasonClass.REJECTED)
        return made

    @pytest.mark.parametrize(
        ("words", "numbers"),
        [
            ((), {0, 1, 2}),
            (("--source", "partner"), {1, 2}),
            (("--type", "ticket.*"), {1, 2}),
            (("--type", "ticket.closed"), {2}),
            (("--text", "rechnung"), {1, 2}),
            (("--phone", "(415) 555 2671"), {0}),
            (("--phone", "+14155552671", "--source", "partner"), set()),
        ],
    )
    def test_it_finds_what_fits(
        self,
        events: list[Event],
        words: tuple[str, ...],
        numbers: set[int],
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        code, said = command(capsys, "search", "--day", DAY, *words)
        assert code == (0 if numbers else 1)
        assert {one["event_id"] for one in said} == {events[one].id for one in numbers}

    def test_it_shows_where_each_delivery_stands(
        self, events: list[Event], capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, said = command(capsys, "search", "--day", DAY)
        found = {one["event_id"]: one["deliveries"] for one in said}
        assert found[events[0].id] == {"crm": "delivered", "pager": "queued"}
        assert found[events[1].id] == {"crm": "dead"}
        assert run(["search", "--day", DAY, "--stage", STAGE]) == 0
        shown = capsys.readouterr().out
        for part in (events[0].id[:12], "delivered", "queued", "dead", "switchboard timeline"):
            assert part in shown

    def test_what_is_in_a_large_event_is_found_as_well(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        large = stage.route(8, apart=True, data={"note": "needle", "long": "x" * 70_000})
        code, said = command(capsys, "search", "--day", DAY, "--text", "Needle")
        assert (code, [one["event_id"] for one in said]) == (0, [large.id])

    def test_only_the_days_that_are_asked_for_are_searched(
        self, events: list[Event], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert command(capsys, "search", "--day", "2026-11-26", "--days", "2")[0] == 1
        _, said = command(capsys, "search", "--day", "2026-11-26", "--days", "3", "--limit", "2")
        assert len(said) == 2 < len(events)

    def test_what_cannot_be_searched_for_is_an_error(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        del stage
        for words, why in (
            (("--day", "soon"), "yesterday"),
            (("--phone", "12"), "--region"),
            (("--days", "0"), "--days"),
        ):
            code, said = command(capsys, "search", *words)
            assert code == 1
            assert why in said


class TestWhy:
    PREDICATE = "type == 'meeting.participant.joined' && data.number > `5`"

    def ask(
        self, capsys: pytest.CaptureFixture[str], event: Event, destination: str = "crm"
    ) -> Any:
        code, said = command(capsys, "why", event.id[:10], destination)
        assert code == 0
        return said

    def documents(self, stage: Staged, *predicates: str) -> None:
        for version, when in enumerate(predicates, start=1):
            stage.judged("routes/crm", version, json.dumps({"when": when, "url": "https://x"}))

    def route(self, stage: Staged, number: int, *destinations: str, **more: Any) -> Event:
        return stage.route(number, *destinations, time=datetime.now(UTC), **more)

    def test_what_was_not_taken_says_which_part_is_false(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.documents(stage, self.PREDICATE)
        said = self.ask(capsys, self.route(stage, 3))
        assert (said["taken"], said["version"], said["state"]) == (False, 1, "none")
        assert [(part["holds"], part["seen"]) for part in said["parts"]] == [
            (True, 'type is "meeting.participant.joined"'),
            (False, "data.number is 3"),
        ]

    def test_a_version_that_would_take_it_now_is_told_apart(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.documents(stage, self.PREDICATE, "`true`")
        said = self.ask(capsys, self.route(stage, 3))
        assert said["version"] == 1
        assert "version 2 would take it now" in said["why"]

    def test_without_a_document_it_was_not_configured(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        event = self.route(stage, 3)
        assert "not configured" in self.ask(capsys, event)["why"]
        assert "no such destination is deployed" in self.ask(capsys, event, "gone")["why"]

    def test_a_source_that_is_only_recorded_says_so(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stage.put("sources/meetings", {"deliver": False})
        self.documents(stage, "`true`")
        assert "recorded only" in self.ask(capsys, self.route(stage, 3))["why"]

    def test_what_was_taken_and_waits_says_where_and_who_holds_it(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.documents(stage, "`true`")
        event = self.route(stage, 9, "crm")
        stage.queue("crm-normal")
        said = self.ask(capsys, event)
        assert (said["taken"], said["state"], said["next"]) == (True, "queued", [])
        assert "among the 1 messages" in said["where"]
        state: Any = {"item": {"S": "destination#crm"}, "paused": {"BOOL": True}}
        boto3.client("dynamodb").put_item(TableName="state", Item=state)
        said = self.ask(capsys, event)
        assert "paused" in said["where"]
        assert said["next"] == [f"switchboard destinations resume crm --stage {STAGE}"]

    def test_a_dead_letter_comes_with_its_commands(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        event = self.route(stage, 9, "crm")
        stage.settle(event, "crm", State.DEAD, reason="422", reason_class=ReasonClass.REJECTED)
        said = self.ask(capsys, event)
        assert (said["state"], said["where"]) == ("dead", "dead; 422")
        assert [line.split(" --")[0] for line in said["next"]] == [
            f"switchboard dead {verb} crm {event.id[:12]}" for verb in ("show", "replay")
        ]

    def test_what_its_source_holds_was_chosen_by_nobody_yet(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.documents(stage, "`true`")
        event = self.route(stage, 9, held="1")
        said = self.ask(capsys, event)
        assert (said["taken"], said["state"]) == (False, "held")
        assert said["next"] == [f"switchboard sources resume meetings --stage {STAGE}"]
        _, (found,) = command(capsys, "search")
        assert (found["held"], found["deliveries"]) == (True, {})
        stage.discard(event)
        said = self.ask(capsys, event)
        assert (said["state"], "by command" in said["why"]) == ("discarded", True)

    def test_a_fact_that_follows_names_the_source_that_holds_it(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.documents(stage, "`true`")
        fact = self.route(stage, 9, source=OWN_SOURCE, held="1", held_by="meetings")
        said = self.ask(capsys, fact)
        assert (said["taken"], said["state"]) == (False, "held")
        assert "the source meetings was paused, and holds what it follows" in said["where"]
        assert said["next"] == [f"switchboard sources resume meetings --stage {STAGE}"]
        _, told = command(capsys, "timeline", "one")
        (moment,) = [one for one in told["moments"] if one["who"] == OWN_SOURCE]
        assert (moment["state"], "held at the source meetings" in moment["text"]) == ("held", True)
        stage.discard(fact)
        assert self.ask(capsys, fact)["state"] == "discarded"

    def test_what_is_held_names_the_gap_and_its_release(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        event = self.route(stage, 9, "crm")
        stage.settle(event, "crm", State.HELD)
        said = self.ask(capsys, event)
        assert "behind a dead letter" in said["where"]
        assert f"switchboard dead release crm interaction:one --stage {STAGE}" in said["next"]

    def test_a_predicate_that_failed_is_undecided(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        event = self.route(stage, 9)
        stage.settle(event, "crm", State.DEAD, reason="no", reason_class=ReasonClass.EVENT)
        said = self.ask(capsys, event)
        assert (said["taken"], "predicate failed" in said["why"]) == (False, True)

    def test_a_person_sees_the_parts_and_the_next_command(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.documents(stage, self.PREDICATE)
        event = self.route(stage, 3)
        assert run(["why", event.id, "crm", "--stage", STAGE]) == 0
        shown = capsys.readouterr().out
        for part in ("not taken", "data.number is 3", "next: switchboard apply"):
            assert part in shown
