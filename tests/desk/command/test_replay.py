"""`switchboard replay`: from a plan to what the ledger says of it."""

import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from desk.command.app import run
from switchboard.destination import Lane
from switchboard.envelope import DeliveryOrder, decode
from switchboard.errors import ReasonClass
from switchboard.event import Event
from switchboard.ledger import Entry, State
from switchboard.replay_id import is_replay_id
from tests.desk.invoked import Lambda, in_process
from tests.desk.staged import AT, STAGE, Staged, staged

DAY = 24 * 60 * 60.0


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Staged]:
    with staged(monkeypatch) as stage:
        stage.put("destinations/crm", {"url": "https://example.com/x", "mapping": "note"})
        stage.put("mappings/note", {"fields": {"Type": "type", "When": "hhmmss(data.number)"}})
        yield stage


@pytest.fixture
def functions(stage: Staged, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambda]:
    del stage
    with in_process(monkeypatch) as functions:
        yield functions


def command(*arguments: str) -> int:
    return run(["replay", *arguments, "--stage", STAGE])


def planned(capsys: pytest.CaptureFixture[str], *filters: str) -> Any:
    """The plan of these filters, as a program gets it."""
    assert command("plan", "crm", *filters, "--json") == 0
    return json.loads(capsys.readouterr().out)


def looked(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    capsys.readouterr()
    assert command(*arguments, "--json") == code
    return json.loads(capsys.readouterr().out)


def dead(stage: Staged, number: int, **changes: Any) -> Event:
    event = stage.route(number, "crm", **changes.pop("event", {}))
    given: Any = {"reason_class": ReasonClass.REJECTED, "reason": "422", "mapping_version": 3}
    stage.settle(event, "crm", State.DEAD, **(given | changes))
    return event


def sent() -> list[tuple[Event | None, DeliveryOrder | None]]:
    """Everything in ingest-bulk."""
    sqs: Any = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="ingest-bulk.fifo")["QueueUrl"]
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            envelope = decode(message["Body"])
            found.append((envelope.event, envelope.delivery))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def ended(stage: Staged, before: Entry, state: State, replay: str, **changes: Any) -> None:
    """What the destination's function writes in the end."""
    after = replace(before, state=state, replay=replay, revision=before.revision + 1, **changes)
    assert stage.ledger.put(after, expected=before.revision) is None


def entry_of(event: Event, **changes: Any) -> Entry:
    now = AT.timestamp()
    found = Entry("interaction:one", event.id, "crm", State.DEAD, mapping_version=3)
    given = {"reason_class": ReasonClass.REJECTED, "reason": "422"}
    return replace(found, first_attempt_at=now, updated_at=now, **(given | changes))


class TestPlans:
    def test_dead_letters_are_planned_and_sent_in_the_order_in_which_they_stopped(
        self, stage: Staged, functions: Lambda, capsys: pytest.CaptureFixture[str]
    ) -> None:
        late = dead(stage, 1, updated_at=AT.timestamp() + 60, lane=Lane.URGENT)
        early = dead(stage, 2, generation=2)
        stage.settle(stage.route(3, "crm"), "crm")
        plan = planned(capsys)
        assert is_replay_id(plan["id"])
        assert (plan["total"], plan["status"], plan["destination"]) == (2, "planned", "crm")
        assert sent() == []
        after = looked(capsys, "run", plan["id"])
        assert (after["status"], after["position"]) == ("sent", 2)
        assert functions.invocations == [{"replay": plan["id"], "seconds": 5.0}]
        order = DeliveryOrder(only="crm", replay=plan["id"])
        assert sent() == [
            (early, order.model_copy(update={"generation": 2})),
            (late, order.model_copy(update={"lane": Lane.URGENT})),
        ]

    @pytest.mark.parametrize(
        ("filters", "numbers"),
        [
            (["--reason", "rejected"], {1, 3}),
            (["--reason", "rejected", "--reason", "event"], {1, 2, 3}),
            (["--type", "meeting.room.ended"], {2}),
            (["--since", "2026-11-24T09:50:00"], {3}),
            (["--until", "2026-11-24T09:45:00"], {1, 2}),
            (["--interaction", "other"], {3}),
            (["--interaction", "one", "--reason", "event"], {2}),
        ],
    )
    def test_filters_select(
        self,
        stage: Staged,
        functions: Lambda,
        capsys: pytest.CaptureFixture[str],
        filters: list[str],
        numbers: set[int],
    ) -> None:
        dead(stage, 1)
        dead(stage, 2, reason_class=ReasonClass.EVENT, event={"type": "meeting.room.ended"})
        other = {"group": "interaction:other"}
        dead(stage, 3, updated_at=AT.timestamp() + 600, event=other, **other)
        stage.settle(stage.route(4, "pager"), "pager", State.DEAD)
        looked(capsys, "run", planned(capsys, *filters)["id"])
        assert {event.data["number"] for event, _ in sent() if event} == numbers
        assert len(functions.invocations) == 1

    def test_what_was_delivered_is_sent_again_under_a_new_generation(
        self, stage: Staged, functions: Lambda, capsys: pytest.CaptureFixture[str]
    ) -> None:
        first = stage.route(1, "crm", "pager")
        stage.settle(first, "crm", generation=1)
        stage.settle(first, "pager")
        dead(stage, 2)
        outside: Any = {"time": datetime(2026, 11, 24, 11, tzinfo=UTC)}
        stage.settle(stage.route(3, "crm", source="partner", **outside), "crm")
        span = ("--since", "2026-11-24T09:00:00", "--until", "2026-11-24T10:00:00")
        plan = planned(capsys, "--again", *span)
        assert "delivered, once more" in plan["selection"]
        looked(capsys, "run", plan["id"])
        order = DeliveryOrder(only="crm", replay=plan["id"], generation=2)
        assert sent() == [(first, order)]
        assert functions.invocations

    def test_everything_that_was_delivered_is_never_selected_by_mistake(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        del stage
        assert command("plan", "crm", "--again") == 1
        assert "--again needs --since or --interaction" in capsys.readouterr().err

    def test_the_old_mapping_pins_the_version_of_the_last_try(
        self, stage: Staged, functions: Lambda, capsys: pytest.CaptureFixture[str]
    ) -> None:
        dead(stage, 1)
        looked(capsys, "run", planned(capsys, "--mapping", "old")["id"])
        ((_, order),) = sent()
        assert order is not None
        assert order.mapping_version == 3
        assert functions.invocations

    def test_from_raw_the_event_is_what_its_payload_says_now(
        self, stage: Staged, functions: Lambda, capsys: pytest.CaptureFixture[str]
    ) -> None:
        dead(stage, 1, event={"type": "meeting.room.ended"})
        dead(stage, 2, event={"archived": False, "type": "meeting.room.ended"})
        plan = planned(capsys, "--from-raw")
        assert "made anew from raw" in plan["selection"]
        shown = looked(capsys, "dry-run", plan["id"])
        types = sorted(one["output"]["Type"] for one in shown["first"])
        assert types == ["8x8.unknown.unnamed", "meeting.room.ended"]
        looked(capsys, "run", plan["id"])
        assert [order and order.from_raw for _, order in sent()] == [True, True]
        assert functions.invocations

    def test_a_dry_run_shows_the_pseudonyms_that_would_be_sent(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stage.put("mappings/note", {"fields": {"Type": "hash(type)"}})
        dead(stage, 1, event={"type": "meeting.room.ended"})
        plan = planned(capsys)["id"]
        assert command("dry-run", plan) == 1
        assert "switchboard secrets set destinations/crm" in capsys.readouterr().err
        secret = {"signing_secret": "whsec_aGVsbG8=", "mapping_key": "a key"}
        boto3.client("secretsmanager").create_secret(
            Name=f"/switchboard/{STAGE}/destinations/crm", SecretString=json.dumps(secret)
        )
        (shown,) = looked(capsys, "dry-run", plan)["first"]
        digest = hmac.digest(b"a key", b"meeting.room.ended", "sha256")
        assert shown["output"] == {"Type": digest.hex()}

    def test_of_a_payload_that_is_gone_a_dry_run_says_so(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        dead(stage, 1)
        s3: Any = boto3.client("s3")
        for found in s3.list_objects_v2(Bucket="archive", Prefix="raw/")["Contents"]:
            s3.delete_object(Bucket="archive", Key=found["Key"])
        shown = looked(capsys, "dry-run", planned(capsys, "--from-raw")["id"], code=1)
        assert "is gone" in json.dumps(shown["errors"])

    def test_nothing_to_select_leaves_no_plan(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        del stage
        assert command("plan", "crm", "--reason", "bug") == 1
        assert "nothing to replay at crm: dead letters, reason bug" in capsys.readouterr().err
        assert command("plan", "route") == 1
        assert "never routed" in capsys.readouterr().err.replace("\n", " ")
        assert looked(capsys, "status") == []


class TestDryRun:
    def test_it_shows_what_would_be_sent_and_sends_nothing(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        dead(stage, 1)
        broken = dead(stage, 2, event={"data": {"number": "soon"}})
        gone = dead(stage, 3)
        stage.remove("events", "interaction:one", gone.id)
        plan = planned(capsys)
        shown = looked(capsys, "dry-run", plan["id"], code=1)
        outputs = {one["event_id"]: one["output"] for one in shown["first"]}
        assert outputs[broken.id] is None
        assert {"Type": "meeting.participant.joined", "When": "00:00:01"} in outputs.values()
        assert shown["types"] == {"meeting.participant.joined": 2, "unknown": 1}
        assert sorted(shown["errors"].values()) == [1, 1]
        assert sent() == []
        found = boto3.client("dynamodb").scan(TableName="configuration")["Items"]
        assert found == [], "a look leaves no trace"

    def test_the_first_are_shown_and_all_are_counted(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for number in range(1, 8):
            dead(stage, number)
        replay = planned(capsys)["id"]
        shown = looked(capsys, "dry-run", replay, "--first", "2")
        assert (len(shown["first"]), shown["types"]) == (2, {"meeting.participant.joined": 7})
        assert command("dry-run", replay) == 0
        said = capsys.readouterr().out.replace("\n", " ")
        assert "00:00:0" in said
        assert f"replay run {replay}" in said

    def test_an_old_mapping_is_the_one_that_is_kept(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        dead(stage, 1)
        dead(stage, 2, mapping_version=17)
        stage.judged("mappings/note", 3, '{"fields": {"Old": "type"}}')
        shown = looked(capsys, "dry-run", planned(capsys, "--mapping", "old")["id"], code=1)
        kept = [one for one in shown["first"] if one["mapping_version"] == 3]
        assert [one["output"] for one in kept] == [{"Old": "meeting.participant.joined"}]
        assert sum(shown["errors"].values()) == 1


class TestRunning:
    def test_it_is_left_to_the_schedule_and_cancelled_and_goes_on(
        self, stage: Staged, functions: Lambda, capsys: pytest.CaptureFixture[str]
    ) -> None:
        dead(stage, 1)
        replay = planned(capsys)["id"]
        assert looked(capsys, "run", replay, "--detach")["status"] == "running"
        assert functions.invocations == []
        assert looked(capsys, "cancel", replay)["status"] == "cancelled"
        (listed,) = looked(capsys, "status")
        assert (listed["id"], listed["status"]) == (replay, "cancelled")
        assert looked(capsys, "run", replay)["status"] == "sent"
        assert len(sent()) == 1

    def test_what_is_sent_neither_runs_nor_is_cancelled(
        self, stage: Staged, functions: Lambda, capsys: pytest.CaptureFixture[str]
    ) -> None:
        dead(stage, 1)
        replay = planned(capsys)["id"]
        looked(capsys, "run", replay)
        for verb in ("run", "cancel"):
            assert command(verb, replay) == 1
            assert "is sent" in capsys.readouterr().err
        assert len(functions.invocations) == 1

    def test_one_that_does_not_go_on_says_where_to_look(
        self, stage: Staged, functions: Lambda, capsys: pytest.CaptureFixture[str]
    ) -> None:
        dead(stage, 1)
        replay = planned(capsys)["id"]
        functions.fails = True
        assert command("run", replay) == 1
        assert "tried again each minute" in capsys.readouterr().err.replace("\n", " ")
        functions.fails = False
        boto3.client("s3").delete_object(Bucket="archive", Key=f"replays/{replay}/00000.jsonl.gz")
        assert command("run", replay) == 1
        assert looked(capsys, "cancel", replay)["position"] == 0

    @pytest.mark.parametrize("verb", ["dry-run", "run", "cancel", "status"])
    def test_an_id_that_nobody_planned_says_where_to_look(
        self, stage: Staged, capsys: pytest.CaptureFixture[str], verb: str
    ) -> None:
        del stage
        assert command(verb, "20261127T090000000Z-00000000") == 1
        assert "replay status` lists them" in capsys.readouterr().err.replace("\n", " ")


class TestDoneMeansTheLedgerSaysSo:
    def test_outcomes_are_counted_from_the_ledger(
        self, stage: Staged, functions: Lambda, capsys: pytest.CaptureFixture[str]
    ) -> None:
        events = [dead(stage, number) for number in range(1, 7)]
        replay = planned(capsys)["id"]
        assert looked(capsys, "status", replay)["counts"] == {"not sent yet": 6}
        stage.remove("events", "interaction:one", events[5].id)
        looked(capsys, "run", replay)
        before = looked(capsys, "status", replay)
        assert (before["counts"], before["done"]) == (
            {"on its way": 5, "event no longer kept": 1},
            False,
        )
        ended(stage, entry_of(events[0]), State.DELIVERED, replay)
        ended(stage, entry_of(events[1]), State.DEAD, replay, reason_class=ReasonClass.EVENT)
        ended(stage, entry_of(events[2]), State.WAITING, replay)
        ended(stage, entry_of(events[3]), State.DELIVERED, "")
        ended(stage, entry_of(events[4]), State.SENDING, "29991231T235959999Z-00000000")
        after = looked(capsys, "status", replay)
        assert after["counts"] == {
            "delivered": 1,
            "dead": 1,
            "waiting": 1,
            "delivered already": 1,
            "taken by a later replay": 1,
            "event no longer kept": 1,
        }
        assert after["reasons"] == {"event": 1}
        assert after["done"] is False
        waiting = entry_of(events[2], state=State.WAITING, replay=replay, revision=2)
        ended(stage, waiting, State.DELIVERED, replay)
        assert looked(capsys, "status", replay)["done"] is True
        assert command("status", replay) == 0
        assert "the ledger has an end for each" in capsys.readouterr().out
        assert functions.invocations


class TestOneDeadLetter:
    def dead(self, *arguments: str) -> int:
        return run(["dead", *arguments, "--stage", STAGE])

    def test_it_is_replayed_through_ingest_bulk_to_its_destination_alone(
        self, stage: Staged, functions: Lambda, capsys: pytest.CaptureFixture[str]
    ) -> None:
        event = dead(stage, 1)
        dead(stage, 2)
        assert self.dead("replay", "crm", event.id[:12], "--json") == 0
        replay = json.loads(capsys.readouterr().out)["replay"]
        assert sent() == [(event, DeliveryOrder(only="crm", replay=replay))]
        assert looked(capsys, "status", replay)["counts"] == {"on its way": 1}
        assert len(functions.invocations) == 1

    def test_what_sqs_moved_is_replayed_as_well(
        self, stage: Staged, functions: Lambda, capsys: pytest.CaptureFixture[str]
    ) -> None:
        event = stage.route(1, "crm")
        self.message(stage, {"v": 1, "event": {"id": event.id}, "group": "interaction:one",
                             "delivery": {"only": "crm", "generation": 1}})  # fmt: skip
        assert self.dead("replay", "crm", event.id) == 0
        assert "replay status" in capsys.readouterr().err
        ((_, order),) = sent()
        assert order is not None
        assert order.generation == 1
        assert functions.invocations

    def test_what_was_never_routed_has_nothing_to_repeat(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        event = dead(stage, 1)
        stage.remove("events", "interaction:one", event.id)
        assert self.dead("replay", "crm", event.id) == 1
        assert "never routed" in capsys.readouterr().err.replace("\n", " ")

    def message(self, stage: Staged, body: Any, number: int = 1, identity: str = "") -> None:
        boto3.client("sqs").send_message(
            QueueUrl=stage.urls["crm-dead"],
            MessageBody=json.dumps(body),
            MessageGroupId=f"group-{number}",
            MessageDeduplicationId=identity or f"message-{number}",
        )

    def left(self, stage: Staged) -> int:
        sqs: Any = boto3.client("sqs")
        name = "ApproximateNumberOfMessages"
        found = sqs.get_queue_attributes(QueueUrl=stage.urls["crm-dead"], AttributeNames=[name])
        return int(found["Attributes"][name])

    def test_it_is_discarded_with_who_when_and_why(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        event, other = dead(stage, 1), dead(stage, 2)
        for number, one in enumerate((other, event, other)):
            envelope = {"v": 1, "event": {"id": one.id}}
            self.message(stage, {"v": 1, "envelope": envelope, "reason": {}}, number)
        why = ("--why", "entered by hand", "--by", "ada")
        assert self.dead("discard", "crm", event.id[:12], *why, "--json") == 0
        assert json.loads(capsys.readouterr().out)["removed"] == 1
        assert self.left(stage) == 2
        (item,) = (
            found
            for found in boto3.client("dynamodb").scan(TableName="ledger")["Items"]
            if found["event_id"]["S"] == event.id
        )
        assert item["state"] == {"S": "discarded"}
        assert (item["ended_by"]["S"], item["ended_because"]["S"]) == ("ada", "entered by hand")
        assert float(item["updated_at"]["N"]) > AT.timestamp()
        assert item["reason"] == {"S": "422"}
        assert "dead" not in item
        assert planned(capsys)["total"] == 1

    def test_what_sqs_moved_is_discarded_into_the_ledger(
        self, stage: Staged, capsys: pytest.CaptureFixture[str]
    ) -> None:
        event = stage.route(1, "crm")
        self.message(stage, {"v": 1, "event": {"id": event.id}, "group": "interaction:one"})
        assert self.dead("discard", "crm", event.id, "--why", "a test") == 0
        assert self.left(stage) == 0
        (item,) = boto3.client("dynamodb").scan(TableName="ledger")["Items"]
        assert (item["state"]["S"], item["group"]["S"]) == ("discarded", "interaction:one")
        assert "1 messages" in capsys.readouterr().err

    def test_a_reason_is_needed(self, stage: Staged, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.dead("discard", "crm", dead(stage, 1).id) == 2
        del capsys
