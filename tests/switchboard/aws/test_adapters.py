"""The adapters over moto: what arrives in AWS, and what AWS's refusals become."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from switchboard.archive import RawLine
from switchboard.aws.archive import ArchiveBucket
from switchboard.aws.bulk_progress import SqsBulkProgress
from switchboard.aws.configuration_table import ConfigurationTable
from switchboard.aws.events_table import EventsTable
from switchboard.aws.gap_table import GapTable
from switchboard.aws.guard_table import EventRecords, GuardTable
from switchboard.aws.items import from_item, to_item
from switchboard.aws.ledger_table import LedgerTable
from switchboard.aws.parameters import NamedParameters, StageParameters
from switchboard.aws.queues import SqsOutbox, SqsVisibility, queue_url
from switchboard.aws.secrets import StageSecrets
from switchboard.aws.state_table import StateTable
from switchboard.breaker import Breaker, closed, opened
from switchboard.claims import keep_event
from switchboard.configuration import Judged, Status
from switchboard.destination import Lane
from switchboard.envelope import ObjectRef, Raw, RawRef
from switchboard.errors import ConfigurationError, EventError, ReasonClass, Unavailable
from switchboard.events import Appended, GroupSoFar, Recorded
from switchboard.gaps import Gap
from switchboard.guards import Fact, Guard
from switchboard.ledger import Entry, State
from switchboard.queue import Outgoing
from switchboard.routing import Choice
from switchboard.source_state import SourceState
from switchboard.testing.deliveries import make_event
from switchboard.testing.stores import Clock, MemoryLedger, RecordingTelemetry
from switchboard.version import Version

pytestmark = pytest.mark.usefixtures("aws")

ENTRY = Entry(
    group="interaction:one",
    event_id="event",
    destination="crm",
    state=State.SENDING,
    owner="one",
    lane=Lane.URGENT,
    lease_until=1_790_000_090.5,
    first_attempt_at=1_790_000_000.25,
    updated_at=1_790_000_000.25,
)


class TestGaps:
    GAP = Gap("interaction:one", "crm", "event", opened_at=1_790_000_000.25)

    @pytest.fixture
    def gaps(self, tables: None) -> GapTable:
        del tables
        return GapTable("ledger", 90, Clock())

    def test_a_gap_comes_back_as_it_was(self, gaps: GapTable) -> None:
        assert gaps.read("interaction:one", "crm") is None
        assert gaps.write(self.GAP, expected=None)
        assert gaps.read("interaction:one", "crm") == self.GAP
        released = replace(self.GAP, released=True, closed=True, revision=2)
        assert gaps.write(released, expected=1)
        assert gaps.read("interaction:one", "crm") == released

    def test_one_of_two_writers_is_told_that_it_lost(self, gaps: GapTable) -> None:
        gaps.write(self.GAP, expected=None)
        assert gaps.write(self.GAP.counted(), expected=1)
        assert not gaps.write(self.GAP.counted(), expected=1)

    def test_the_deliveries_of_a_group_without_the_gap(self, gaps: GapTable) -> None:
        ledger = LedgerTable("ledger", 90, Clock())
        ledger.put(ENTRY, expected=None)
        ledger.put(replace(ENTRY, destination="pager"), expected=None)
        gaps.write(self.GAP, expected=None)
        assert gaps.entries("interaction:one", "crm") == [ENTRY]


class TestGuards:
    @pytest.fixture
    def guards(self, tables: None) -> GuardTable:
        del tables
        return GuardTable("ledger", 90, Clock())

    def test_a_guard_only_rises(self, guards: GuardTable) -> None:
        older, newer = (Version.of(make_event(number)) for number in (1, 2))
        assert guards.read("interaction:one", "crm") == Guard()
        for version in (older, newer, older):
            guards.rise("interaction:one", "crm", version)
        assert guards.read("interaction:one", "crm") == Guard(written=newer)
        assert guards.read("interaction:one", "pager") == Guard()

    def test_a_doubt_stays_until_something_newer_is_written(self, guards: GuardTable) -> None:
        first, second, third, fourth = (Version.of(make_event(number)) for number in range(1, 5))
        guards.doubt("interaction:one", "crm", third)
        guards.doubt("interaction:one", "crm", second)
        assert guards.read("interaction:one", "crm") == Guard(possible=third)
        guards.rise("interaction:one", "crm", first)
        guards.rise("interaction:one", "crm", second)
        assert guards.read("interaction:one", "crm") == Guard(second, third)
        guards.rise("interaction:one", "crm", fourth)
        guards.doubt("interaction:one", "crm", third)
        guard = guards.read("interaction:one", "crm")
        assert (guard.written, guard.lets(third)) == (fourth, False)

    def test_the_release_before_reads_a_guard_that_is_only_in_doubt(
        self, guards: GuardTable
    ) -> None:
        guards.doubt("interaction:one", "crm", Version.of(make_event(1)))
        key = to_item({"group": "interaction:one", "delivery": "guard#crm"})
        item = boto3.client("dynamodb").get_item(TableName="ledger", Key=key)["Item"]
        assert Version.of(make_event(1)) > Version.read(item["written"]["S"])

    def test_a_record_is_the_newest_event_that_was_sent_there(self, tables: None) -> None:
        del tables
        boto3.client("s3").create_bucket(
            Bucket="archive", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        bucket, store = ArchiveBucket("archive"), EventsTable("events", 90, Clock())
        large = make_event(3, data={"text": "x" * 70_000})
        ref, raw_ref = keep_event(large, bucket), RawRef(bucket="archive", key="raw/1", line=2)
        for event, name in ((make_event(1), "crm"), (large, "crm"), (make_event(4), "pager")):
            chosen = [Choice(name=name, version=1)]
            event_ref = ref if event == large else None
            store.append(Recorded("interaction:one", event, "", raw_ref, event_ref, chosen))
        records = EventRecords("events", bucket)
        assert records.newest("interaction:one", "crm") == Fact(large, raw_ref)
        assert records.newest("interaction:two", "crm") is None
        boto3.client("dynamodb").update_item(
            TableName="events",
            Key=to_item({"group": "interaction:one", "event_id": large.id}),
            UpdateExpression="REMOVE event_ref",
        )  # as `switchboard forget` does
        assert records.newest("interaction:one", "crm") == Fact(make_event(1), raw_ref)


class TestLedger:
    @pytest.fixture
    def ledger(self, tables: None) -> LedgerTable:
        del tables
        return LedgerTable("ledger", 90, Clock())

    def test_an_entry_comes_back_as_it_was(self, ledger: LedgerTable) -> None:
        assert ledger.put(ENTRY, expected=None) is None
        other = replace(ENTRY, owner="two")
        assert ledger.put(other, expected=None) == ENTRY

    def test_a_write_that_was_repeated_finds_its_own_trace(self, ledger: LedgerTable) -> None:
        ledger.put(ENTRY, expected=None)
        assert ledger.put(ENTRY, expected=None) is None

    def test_only_the_expected_revision_is_replaced(self, ledger: LedgerTable) -> None:
        ledger.put(ENTRY, expected=None)
        newer = replace(ENTRY, revision=2, state=State.WAITING)
        assert ledger.put(newer, expected=1) is None
        assert ledger.put(replace(ENTRY, revision=2), expected=1) == newer

    def test_what_is_gone_is_not_replaced(self, ledger: LedgerTable) -> None:
        for store in (ledger, MemoryLedger()):
            with pytest.raises(Unavailable, match="no such entry any more"):
                store.put(replace(ENTRY, revision=2), expected=1)

    def test_the_first_delivery_of_a_group_is_found_by_what_the_destination_calls_it(
        self, ledger: LedgerTable
    ) -> None:
        assert ledger.first_delivered("interaction:one", "crm") is None
        first = replace(ENTRY, event_id="z", state=State.DELIVERED, remote_id="first")
        for entry in (
            replace(first, event_id="a", first_attempt_at=1_790_000_009.0, remote_id="later"),
            first,
            replace(first, event_id="b", destination="pager", first_attempt_at=1.0),
            replace(first, event_id="c", remote_id="", first_attempt_at=1.0),
            replace(first, event_id="d", state=State.DEAD, first_attempt_at=1.0),
            replace(first, group="interaction:two", first_attempt_at=1.0),
        ):
            ledger.put(entry, expected=None)
        assert ledger.first_delivered("interaction:one", "crm") == first

    def test_a_dead_entry_is_in_the_index_with_its_advice(self, ledger: LedgerTable) -> None:
        dead = replace(ENTRY, state=State.DEAD, reason_class=ReasonClass.REJECTED, reason="no")
        ledger.put(dead, expected=None)
        item = boto3.client("dynamodb").get_item(
            TableName="ledger",
            Key={"group": {"S": "interaction:one"}, "delivery": {"S": "event#crm"}},
        )["Item"]
        assert item["dead"] == {"S": "dead#crm"}
        assert item["dead_at"]["S"].startswith("2026-09-21T")
        assert "replay" in item["advice"]["S"]
        assert int(item["expires_at"]["N"]) == 1_790_000_000 + 90 * 24 * 60 * 60

    def test_attributes_of_a_later_release_are_passed_over(self, ledger: LedgerTable) -> None:
        ledger.put(ENTRY, expected=None)
        boto3.client("dynamodb").update_item(
            TableName="ledger",
            Key={"group": {"S": "interaction:one"}, "delivery": {"S": "event#crm"}},
            UpdateExpression="SET surprise = :x",
            ExpressionAttributeValues={":x": {"S": "new"}},
        )
        assert ledger.put(replace(ENTRY, owner="two"), expected=None) == ENTRY

    def test_a_table_that_is_missing_is_unavailable(self, aws: None) -> None:
        del aws
        with pytest.raises(Unavailable, match="writing the ledger"):
            LedgerTable("nowhere", 90, Clock()).put(ENTRY, expected=None)


def test_an_event_is_appended_once_with_its_first_choice(tables: None) -> None:
    del tables
    table = EventsTable("events", 90, Clock())
    recorded = Recorded(
        group="interaction:one",
        event=make_event(1, data={"text": "\ud800\x00"}),
        received_at="2026-11-24T09:30:00.000Z",
        raw_ref=None,
        event_ref=None,
        destinations=[Choice(name="crm", version=3)],
    )
    assert table.append(recorded) == Appended(recorded.destinations)
    again = replace(recorded, destinations=[Choice(name="lake", version=9)])
    assert table.append(again) == Appended(recorded.destinations)


def test_a_held_event_is_released_once_to_those_that_were_chosen_first(tables: None) -> None:
    del tables
    table, event = EventsTable("events", 90, Clock()), make_event(1)
    held = Recorded("g", event, "", None, None, (), held_order="1#1")
    for kept in (table.append(held), table.append(held)):
        assert (list(kept.destinations), kept.held) == ([], True)
    assert table.group_so_far("g") == GroupSoFar({event.source: frozenset({event.id})})
    crm, lake = [Choice(name="crm", lane=Lane.URGENT, version=3)], [Choice(name="lake", version=9)]
    assert table.choose_held("g", event.id, crm) == crm
    assert table.choose_held("g", event.id, lake) == crm
    holds = {event.source: frozenset({event.id})}
    assert table.group_so_far("g") == GroupSoFar(holds, {"crm": Lane.URGENT})
    table.hold_for("g", event.id, "another")
    assert set(table.group_so_far("g").held) == {"another"}
    table.mark_released("g", event.id)
    table.hold_for("g", event.id, "another")
    assert table.choose_held("g", event.id, lake) is None
    assert table.append(held) == Appended(crm)
    assert not table.group_so_far("g").held
    assert SqsBulkProgress("events", "unused").routed([("g", event.id)]) == {("g", event.id)}


def test_a_group_of_more_than_a_page_is_read_whole(tables: None) -> None:
    del tables
    table = EventsTable("events", 90, Clock())
    for number in range(24):
        table.append(Recorded("g", make_event(number, data="x" * 60_000), "", None, None, ()))
    last = Recorded("g", make_event(99), "", None, None, (), held_order="1#1")
    table.append(last)
    assert table.group_so_far("g").held


def test_the_state_of_a_source_is_running_until_it_is_written(tables: None) -> None:
    del tables
    table = StateTable("state")
    assert table.read_source("meetings") == SourceState()
    item: Any = {
        "item": {"S": "source#meetings"},
        "paused": {"BOOL": True},
        "holds_from": {"N": "1790000010.5"},
        "discarded": {"N": "3"},
        "of_a_later_release": {"S": "passed over"},
    }
    boto3.client("dynamodb").put_item(TableName="state", Item=item)
    expected = SourceState(paused=True, holds_from=1790000010.5, discarded=3)
    assert table.read_source("meetings") == expected


def test_a_large_event_is_kept_by_reference(tables: None) -> None:
    del tables
    ref = ObjectRef(bucket="b", key="claims/x")
    EventsTable("events", 90, Clock()).append(
        Recorded("g", make_event(1, data="x" * 100_000), "", None, ref, ())
    )
    (item,) = boto3.client("dynamodb").scan(TableName="events")["Items"]
    assert "event" not in item
    assert json.loads(item["event_ref"]["S"]) == ref.model_dump()


def test_the_state_of_a_destination_is_closed_until_it_is_written(tables: None) -> None:
    del tables
    table = StateTable("state")
    assert table.read("crm").holds_for(0.0) == 0
    boto3.client("dynamodb").put_item(
        TableName="state",
        Item=to_item({"item": "destination#crm", "breaker": "open", "until": 99.5}),
    )
    assert (table.read("crm").breaker, table.read("crm").until) == (Breaker.OPEN, 99.5)


def test_a_state_is_written_over_the_revision_it_was_made_from(tables: None) -> None:
    del tables
    table, now = StateTable("state"), 1_790_000_000.5
    state = opened(table.read("crm"), now, "401: set the secret")
    assert table.write("crm", state)
    assert not table.write("crm", state)
    assert table.read("crm") == state
    boto3.client("dynamodb").update_item(
        TableName="state",
        Key={"item": {"S": "destination#crm"}},
        UpdateExpression="SET of_a_later_release = :x",
        ExpressionAttributeValues={":x": {"S": "kept"}},
    )
    assert table.write("crm", closed(state, now + 9))
    assert table.read("crm") == closed(state, now + 9)
    (item,) = boto3.client("dynamodb").scan(TableName="state")["Items"]
    assert item["of_a_later_release"] == {"S": "kept"}
    assert "reason" not in item


def test_the_last_good_document_is_the_newest_good_one(tables: None) -> None:
    del tables
    table = ConfigurationTable("configuration")
    for version, status in ((1, Status.GOOD), (2, Status.GOOD), (3, Status.REFUSED)):
        table.record(Judged("destinations/crm", version, status, f"text {version}"))
    table.record(Judged("destinations/crm", 2, Status.REFUSED, "judged already"))
    good = table.last_good("destinations/crm")
    assert good == Judged("destinations/crm", 2, Status.GOOD, "text 2")
    assert table.last_good("destinations/none") is None
    refused = Judged("destinations/crm", 3, Status.REFUSED, "text 3")
    assert table.version("destinations/crm", 3) == refused
    assert table.version("destinations/crm", 4) is None


def test_items_leave_out_what_is_empty_and_keep_numbers_exact() -> None:
    item = to_item({"a": "x", "b": 1, "c": 1.5, "d": True, "e": None, "f": "", "g": "\ud800"})
    assert from_item(item) == {"a": "x", "b": 1.0, "c": 1.5, "d": True, "g": "?"}


class TestQueues:
    def url(self, name: str = "q.fifo") -> str:
        made = boto3.client("sqs").create_queue(QueueName=name, Attributes={"FifoQueue": "true"})
        return made["QueueUrl"]

    def test_messages_arrive_in_the_order_of_their_groups(self) -> None:
        url = self.url()
        messages = [Outgoing(f"{n}", f"g{n % 3}", f"d{n}") for n in range(25)]
        assert SqsOutbox(url).send(messages) == [None] * 25
        received = []
        sqs = boto3.client("sqs")
        while found := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]
        ).get("Messages"):
            received += [(m["Attributes"]["MessageGroupId"], int(m["Body"])) for m in found]
            sqs.delete_message_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(found)
                ],
            )
        for group in ("g0", "g1", "g2"):
            bodies = [body for of, body in received if of == group]
            assert bodies == sorted(bodies)
        assert len(received) == 25

    def test_a_standard_queue_is_given_no_ids_and_full_batches(self) -> None:
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName="lake")["QueueUrl"]
        messages = [Outgoing(f"{n}", "one group", f"d{n}") for n in range(25)]
        assert SqsOutbox(url).send(messages) == [None] * 25
        bodies = set()
        while found := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]
        ).get("Messages"):
            assert all("MessageGroupId" not in m["Attributes"] for m in found)
            bodies |= {int(m["Body"]) for m in found}
        assert bodies == set(range(25))

    def test_a_queue_that_is_missing_is_unavailable(self) -> None:
        with pytest.raises(Unavailable, match="sending to SQS"):
            SqsOutbox("https://sqs.eu-west-1.amazonaws.com/123456789012/none.fifo").send(
                [Outgoing("x", "g", "d")]
            )

    def test_a_message_that_cannot_be_given_back_is_a_warning(self) -> None:
        telemetry = RecordingTelemetry()
        SqsVisibility(self.url(), telemetry).change_visibility([("not a receipt", 5)])
        assert telemetry.warnings

    def test_messages_go_back_to_the_queue_that_they_came_from(self) -> None:
        urls = ("https://sqs/1/crm-normal.fifo", "https://sqs/1/crm-urgent.fifo")
        arn = "arn:aws:sqs:eu-west-1:1:crm-urgent.fifo"
        assert queue_url(arn, *urls) == urls[1]


class TestParameters:
    def put(self, **texts: str) -> None:
        for name, text in texts.items():
            boto3.client("ssm").put_parameter(
                Name=f"/switchboard/dev/{name.replace('__', '/')}", Value=text, Type="String"
            )

    def test_named_documents_are_read_with_their_versions(self) -> None:
        self.put(destinations__crm="{}", mappings__m="{}")
        found = NamedParameters("dev").fetch({"destinations/crm", "destinations/none"})
        assert {name: (one.text, one.version) for name, one in found.items()} == {
            "destinations/crm": ("{}", 1)
        }

    def test_a_whole_stage_is_read_page_by_page(self) -> None:
        self.put(**{f"destinations__d{n}": "{}" for n in range(23)})
        assert len(StageParameters("dev").fetch()) == 23


class TestSecrets:
    NAME = "/switchboard/dev/sources/meetings"

    def test_a_secret_without_a_value_says_what_to_do(self) -> None:
        with pytest.raises(ConfigurationError, match="switchboard secrets set sources/meetings"):
            StageSecrets("dev", Clock()).accepted("sources/meetings")

    def test_the_previous_value_counts_for_a_while_after_a_change(self) -> None:
        secrets = boto3.client("secretsmanager")
        secrets.create_secret(Name=self.NAME, SecretString='{"signing_secret": "old"}')
        secrets.put_secret_value(SecretId=self.NAME, SecretString='{"signing_secret": "new"}')
        now = secrets.get_secret_value(SecretId=self.NAME)["CreatedDate"].timestamp()
        clock = Clock(now + 60)
        store = StageSecrets("dev", clock)
        both = store.accepted("sources/meetings")
        assert [fields["signing_secret"] for fields in both] == ["new", "old"]
        clock.forward(25 * 60 * 60)
        (current,) = store.accepted("sources/meetings")
        assert current["signing_secret"] == "new"

    def test_a_change_is_seen_within_a_minute_or_at_once_after_a_refresh(self) -> None:
        secrets = boto3.client("secretsmanager")
        secrets.create_secret(Name=self.NAME, SecretString='{"key": "old"}')
        clock = Clock()
        store = StageSecrets("dev", clock)

        def newest() -> str:
            return store.accepted("sources/meetings")[0]["key"]

        assert newest() == "old"
        secrets.put_secret_value(SecretId=self.NAME, SecretString='{"key": "new"}')
        clock.forward(59)
        assert newest() == "old"
        store.refresh("sources/meetings")
        store.refresh("sources/never-read")
        assert newest() == "new"
        secrets.put_secret_value(SecretId=self.NAME, SecretString='{"key": "newest"}')
        clock.forward(60)
        assert newest() == "newest"

    def test_what_is_no_json_object_of_texts_is_refused_without_quoting_it(self) -> None:
        boto3.client("secretsmanager").create_secret(Name=self.NAME, SecretString="hunter2")
        with pytest.raises(ConfigurationError) as error:
            StageSecrets("dev", Clock()).accepted("sources/meetings")
        assert "hunter2" not in str(error.value)


class TestArchive:
    @pytest.fixture
    def bucket(self, aws: None) -> ArchiveBucket:
        del aws
        boto3.client("s3").create_bucket(
            Bucket="archive", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        return ArchiveBucket("archive")

    def test_each_event_is_found_by_its_line(self, bucket: ArchiveBucket) -> None:
        raw = Raw(kind="jaas", body="{}", received_at="2026-11-24T09:30:00.000Z")
        at = datetime(2026, 11, 24, 9, tzinfo=UTC)
        refs = bucket.write([RawLine("a", "meetings", at, raw), RawLine("b", "meetings", at, raw)])
        assert [refs["a"].line, refs["b"].line] == [0, 1]
        assert refs["a"].key.startswith("raw/2026/11/24/09/")

    def test_a_claim_is_loaded_as_it_was_stored(self, bucket: ArchiveBucket) -> None:
        assert bucket.load(bucket.store("x.json", '{"a": 1}')) == '{"a": 1}'

    def test_a_claim_that_is_gone_is_the_events_fault(self, bucket: ArchiveBucket) -> None:
        with pytest.raises(EventError, match="gone"):
            bucket.load(ObjectRef(bucket="archive", key="claims/none"))

    def test_a_bucket_that_is_missing_is_unavailable(self, aws: None) -> None:
        del aws
        with pytest.raises(Unavailable):
            ArchiveBucket("nowhere").store("x", "{}")
