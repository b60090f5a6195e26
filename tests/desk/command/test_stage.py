"""Commands against a stage in moto: what they write, and what they show."""

import io
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from desk.command.app import run
from desk.gaps import ledger_gaps, open_gaps, release
from desk.target import Target, TargetError
from switchboard.aws.items import to_item
from switchboard.aws.ledger_table import entry_item
from switchboard.envelope import decode
from switchboard.errors import ReasonClass
from switchboard.event import Event
from switchboard.gaps import Gap
from switchboard.ledger import Entry, State
from switchboard.testing.deliveries import make_event
from tests.desk.invoked import in_process

STAGE = "dev"
LEDGER_DAYS = 30
EVENT = make_event(1)
DEAD = Entry(
    group="interaction:one",
    event_id=EVENT.id,
    destination="crm",
    state=State.DEAD,
    attempt=3,
    updated_at=1_790_000_000.0,
    reason_class=ReasonClass.REJECTED,
    reason="the destination answered 422",
    answer="no such field",
)


@pytest.fixture(autouse=True)
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("COLUMNS", "200")
    with mock_aws():
        deploy()
        with in_process(monkeypatch):
            yield


def deploy() -> None:
    """What the stacks of a stage would have made."""
    sqs: Any = boto3.client("sqs")
    urls = {
        name: sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})[
            "QueueUrl"
        ]
        for name in ("ingest-bulk", "ingest-dead", "crm-normal", "crm-dead")
    }
    put("deployment/core", {
        "ingest_bulk_queue_url": urls["ingest-bulk"],
        "ingest_dead_queue_url": urls["ingest-dead"],
        "ledger_table": "ledger",
        "events_table": "events",
        "configuration_table": "configuration",
        "state_table": "state",
        "archive_bucket": "archive",
        "ledger_days": LEDGER_DAYS,
        "sources": {"meetings": "jaas", "contact-center": "stream"},
    })  # fmt: skip
    put("deployment/destinations/crm", {
        "kind": "webhook",
        "queues": {"normal": urls["crm-normal"]},
        "dead_queue_url": urls["crm-dead"],
    })  # fmt: skip
    dynamodb: Any = boto3.client("dynamodb")
    for name, sort, index in (("ledger", "delivery", "dead"), ("events", "event_id", "")):
        keys = ["group", sort, *(["dead", "dead_at"] if index else [])]
        more = {
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": index,
                    "KeySchema": [
                        {"AttributeName": "dead", "KeyType": "HASH"},
                        {"AttributeName": "dead_at", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ]
        }
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in keys],
            KeySchema=[
                {"AttributeName": "group", "KeyType": "HASH"},
                {"AttributeName": sort, "KeyType": "RANGE"},
            ],
            **(more if index else {}),
        )
    judgements = [("name", "S", "HASH"), ("version", "N", "RANGE")]
    for name, more_keys in (("configuration", judgements), ("state", [("item", "S", "HASH")])):
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": kind} for key, kind, _ in more_keys
            ],
            KeySchema=[{"AttributeName": key, "KeyType": role} for key, _, role in more_keys],
        )
    where: Any = {"LocationConstraint": "eu-west-1"}
    boto3.client("s3").create_bucket(Bucket="archive", CreateBucketConfiguration=where)
    for name in (
        "sources/meetings", "sources/contact-center", "destinations/crm", "destinations/warehouse",
    ):  # fmt: skip
        boto3.client("secretsmanager").create_secret(
            Name=f"/switchboard/{STAGE}/{name}", SecretString="{}"
        )


def put(name: str, value: Any) -> None:
    boto3.client("ssm").put_parameter(
        Name=f"/switchboard/{STAGE}/{name}", Value=json.dumps(value), Type="String"
    )


def bury() -> None:
    dynamodb = boto3.client("dynamodb")
    dynamodb.put_item(TableName="ledger", Item=entry_item(DEAD, expires_at=1_800_000_000))
    dynamodb.put_item(
        TableName="events",
        Item={
            "group": {"S": DEAD.group},
            "event_id": {"S": EVENT.id},
            "event": {"S": EVENT.model_dump_json()},
            "raw_ref": {"S": '{"bucket": "archive", "key": "raw/x", "line": 0}'},
        },
    )


def command(*arguments: str) -> int:
    return run([*arguments, "--stage", STAGE])


class TestDead:
    def test_nothing_dead_is_said_so(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert command("dead", "list", "crm") == 0
        assert "no dead letters at crm" in capsys.readouterr().err

    def test_a_dead_letter_is_listed_with_its_reason(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        bury()
        assert command("dead", "list", "crm") == 0
        shown = capsys.readouterr().out
        for part in (EVENT.id[:12], "rejected", "3", "2026-09-21", "answered 422", "dead show crm"):
            assert part in shown

    def test_it_is_shown_with_answer_advice_and_event(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        bury()
        assert command("dead", "show", "crm", EVENT.id[:8]) == 0
        shown = capsys.readouterr().out
        for part in ("no such field", "correct mapping or record", "weekly-sync", "dead replay"):
            assert part in shown

    def test_what_sqs_moved_is_told_apart(self, capsys: pytest.CaptureFixture[str]) -> None:
        sqs: Any = boto3.client("sqs")
        sqs.send_message(
            QueueUrl=sqs.get_queue_url(QueueName="crm-dead.fifo")["QueueUrl"],
            MessageBody=json.dumps({"v": 1, "event": {"id": "moved-event"}}),
            MessageGroupId="g",
            MessageDeduplicationId="d",
        )
        assert command("dead", "list", "crm", "--json") == 0
        (letter,) = json.loads(capsys.readouterr().out)
        assert (letter["event_id"], letter["moved_by_sqs"]) == ("moved-event", True)

    def test_an_id_that_fits_nothing_says_where_to_look(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert command("dead", "show", "crm", "nothing") == 1
        assert "dead list crm" in capsys.readouterr().err

    def test_a_destination_that_is_not_deployed_is_an_error(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert command("dead", "list", "gone") == 1
        assert "no destination gone" in capsys.readouterr().err


class TestHeld:
    """Behind EVENT's dead letter two later events wait; the operator settles it, then releases."""

    GROUP = DEAD.group
    SECOND, THIRD, NEWER = (make_event(number) for number in (7, 8, 9))

    def hold(self, *, head: State) -> None:
        bury()
        self.write(replace(DEAD, state=head))
        for event in (self.THIRD, self.SECOND):
            self.write_event(event)
            self.write(replace(DEAD, event_id=event.id, state=State.HELD, attempt=0))
        gap = Gap(self.GROUP, "crm", EVENT.id, opened_at=1_790_000_000.0)
        assert ledger_gaps(Target(STAGE)).write(gap, expected=None)

    def write(self, entry: Entry) -> None:
        item = entry_item(entry, expires_at=1_800_000_000)
        boto3.client("dynamodb").put_item(TableName="ledger", Item=item)

    def write_event(self, event: Event) -> None:
        item = {"group": self.GROUP, "event_id": event.id, "event": event.model_dump_json()}
        boto3.client("dynamodb").put_item(TableName="events", Item=to_item(item))

    def sent(self) -> list[str]:
        sqs: Any = boto3.client("sqs")
        url = sqs.get_queue_url(QueueName="ingest-bulk.fifo")["QueueUrl"]
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        envelopes = [decode(message["Body"]) for message in received]
        return [envelope.event.id for envelope in envelopes if envelope.event is not None]

    def test_what_waits_is_listed(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.hold(head=State.DEAD)
        assert command("dead", "held", "crm") == 0
        shown = capsys.readouterr().out
        for part in (self.GROUP, EVENT.id[:12], "dead", "2", f"dead release crm {self.GROUP}"):
            assert part in shown

    def test_what_the_desk_writes_is_kept_as_long_as_the_ledger(self) -> None:
        self.hold(head=State.DEAD)
        key = to_item({"group": self.GROUP, "delivery": "gap#crm"})
        item = boto3.client("dynamodb").get_item(TableName="ledger", Key=key)["Item"]
        days = (int(item["expires_at"]["N"]) - time.time()) / 86_400
        assert round(days) == LEDGER_DAYS

    def test_nothing_passes_a_head_that_is_still_dead(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.hold(head=State.DEAD)
        assert command("dead", "release", "crm", self.GROUP) == 1
        assert "settle it first" in capsys.readouterr().err
        assert self.sent() == []

    def test_what_is_held_follows_in_order_and_so_does_what_comes_meanwhile(self) -> None:
        self.hold(head=State.DELIVERED)
        given: list[int] = []

        def deliver(count: int) -> None:
            """The destination takes each; a newer event is held meanwhile."""
            given.append(count)
            for taken in (self.SECOND, self.THIRD) if count == 2 else (self.NEWER,):
                self.write(replace(DEAD, event_id=taken.id, state=State.DELIVERED, revision=9))
            if count == 2:
                self.write_event(self.NEWER)
                self.write(replace(DEAD, event_id=self.NEWER.id, state=State.HELD, attempt=0))

        assert release(Target(STAGE), "crm", self.GROUP, tell=deliver) == 3
        assert given == [2, 3]
        assert self.sent() == [self.SECOND.id, self.THIRD.id, self.NEWER.id]
        assert open_gaps(Target(STAGE), "crm") == []

    def test_what_takes_too_long_says_how_to_go_on(self) -> None:
        self.hold(head=State.SKIPPED)
        with pytest.raises(TargetError, match="once more"):
            release(Target(STAGE), "crm", self.GROUP, tell=lambda _: None, patience=0)
        assert len(self.sent()) == 2


class TestSecrets:
    def set(self, monkeypatch: pytest.MonkeyPatch, name: str, text: str, *more: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        return command("secrets", "set", name, "--stdin", *more)

    def value(self, name: str) -> Any:
        found = boto3.client("secretsmanager").get_secret_value(
            SecretId=f"/switchboard/{STAGE}/{name}"
        )
        return json.loads(found["SecretString"])

    def test_a_secret_is_set_from_stdin(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.set(monkeypatch, "destinations/crm", '{"signing_secret": "s3cret"}') == 0
        assert self.value("destinations/crm") == {"signing_secret": "s3cret"}

    @pytest.mark.parametrize(
        ("name", "field"),
        [("sources/meetings", "signing_secret"), ("sources/contact-center", "key")],
    )
    def test_a_sources_secret_has_the_fields_of_its_kind(
        self, monkeypatch: pytest.MonkeyPatch, name: str, field: str
    ) -> None:
        assert self.set(monkeypatch, name, json.dumps({field: "s3cret"})) == 0
        assert self.value(name) == {field: "s3cret"}
        assert self.set(monkeypatch, name, '{"password": "s3cret"}') == 1

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("{}", "misses signing_secret"),
            ("not json", "misses signing_secret"),
            ('{"signing_secret": "s3cret", "token": "t0ken"}', "does not know token"),
        ],
    )
    def test_what_is_no_such_secret_is_refused_and_not_shown(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        text: str,
        why: str,
    ) -> None:
        assert self.set(monkeypatch, "destinations/crm", text) == 1
        shown = capsys.readouterr().err
        assert why in shown.replace("\n", " ")
        assert "s3cret" not in shown
        assert "t0ken" not in shown

    def test_a_kind_without_a_secret_of_its_own_takes_a_mapping_key(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        put("deployment/destinations/warehouse", {"kind": "s3"})
        assert self.set(monkeypatch, "destinations/warehouse", '{"mapping_key": "k3y"}') == 0
        assert self.value("destinations/warehouse") == {"mapping_key": "k3y"}
        assert self.set(monkeypatch, "destinations/warehouse", '{"signing_secret": "x"}') == 1
        assert self.set(monkeypatch, "destinations/warehouse", "{}") == 1
        assert "has no value; its fields are mapping_key" in capsys.readouterr().err

    def test_a_mapping_key_stays_until_another_is_asked_for(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        crm = "destinations/crm"
        first = {"signing_secret": "s3cret", "mapping_key": "k3y"}
        assert self.set(monkeypatch, crm, json.dumps(first)) == 0
        assert self.set(monkeypatch, crm, '{"signing_secret": "rotated"}') == 0
        rotated = {"signing_secret": "rotated", "mapping_key": "k3y"}
        assert self.value(crm) == rotated
        other = {"signing_secret": "rotated", "mapping_key": "0ther"}
        assert self.set(monkeypatch, crm, json.dumps(other)) == 1
        shown = capsys.readouterr().err
        assert "--new-mapping-key" in shown
        assert "k3y" not in shown
        assert "0ther" not in shown
        assert self.value(crm) == rotated
        assert self.set(monkeypatch, crm, json.dumps(other), "--new-mapping-key") == 0
        assert self.value(crm) == other

    def test_what_is_no_json_in_a_secret_is_replaced(self, monkeypatch: pytest.MonkeyPatch) -> None:
        boto3.client("secretsmanager").put_secret_value(
            SecretId=f"/switchboard/{STAGE}/destinations/crm", SecretString="by hand"
        )
        assert self.set(monkeypatch, "destinations/crm", '{"signing_secret": "s3cret"}') == 0
        assert self.value("destinations/crm") == {"signing_secret": "s3cret"}

    def test_nobody_elses_secret_can_be_set(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.set(monkeypatch, "destinations/gone", '{"signing_secret": "x"}') == 1
        assert "not deployed" in capsys.readouterr().err


class TestApply:
    def folder(self, tmp_path: Any, text: str) -> str:
        (tmp_path / "destinations").mkdir()
        (tmp_path / "destinations" / "crm.json").write_text(text)
        return str(tmp_path)

    def stored(self) -> list[str]:
        found = boto3.client("ssm").get_parameters(Names=[f"/switchboard/{STAGE}/destinations/crm"])
        return [parameter["Value"] for parameter in found["Parameters"]]

    def test_a_plan_is_shown_and_written_with_yes(
        self, tmp_path: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = self.folder(tmp_path, '{"url": "https://example.com/x"} // comment')
        assert command("apply", folder, "--dry-run") == 0
        assert "create" in capsys.readouterr().out
        assert self.stored() == []
        assert command("apply", folder, "--yes") == 0
        assert self.stored() == ['{"url":"https://example.com/x"}']

    def test_now_skips_the_trial(self, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
        folder = self.folder(tmp_path, '{"url": "https://example.com/x"}')
        assert command("apply", folder, "--yes", "--now") == 0
        (item,) = boto3.client("dynamodb").scan(TableName="configuration")["Items"]
        assert (item["name"]["S"], item["version"]["N"]) == ("destinations/crm", "1")
        assert (item["status"]["S"], item["text"]["S"]) == ("good", self.stored()[0])
        capsys.readouterr()
        assert command("apply", folder, "--json", "--dry-run") == 0
        (step,) = json.loads(capsys.readouterr().out)
        assert (step["action"], step["standing"]) == ("keep", [])

    def test_a_refused_document_writes_nothing(
        self, tmp_path: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert command("apply", self.folder(tmp_path, '{"urls": 1}'), "--yes") == 1
        assert "nothing was written" in capsys.readouterr().err
        assert self.stored() == []

    def test_json_is_for_programs(self, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
        folder = self.folder(tmp_path, '{"url": "https://example.com/x"}')
        assert command("apply", folder, "--json", "--dry-run") == 0
        (step,) = json.loads(capsys.readouterr().out)
        assert (step["name"], step["action"], step["tier"]) == (
            "destinations/crm",
            "create",
            "Standard",
        )


def test_a_stage_that_is_not_deployed_says_how_to_deploy_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["dead", "list", "crm", "--stage", "nowhere"]) == 1
    assert "make deploy STAGE=nowhere" in capsys.readouterr().err.replace("\n", " ")


def test_a_shell_completes_the_names_of_the_stage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["__complete", "dead", "list", "--stage", STAGE, ""]) == 0
    assert "crm" in capsys.readouterr().out.split()
    assert run(["__complete", "dead", "list", "--stage", "nowhere", ""]) == 0
    assert "crm" not in capsys.readouterr().out
