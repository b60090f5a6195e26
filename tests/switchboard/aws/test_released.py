"""What a release wrote, today's code reads; and what today's code writes, the release reads.

Stacks are deployed one after the other and may be rolled back alone, while messages and items
outlive all of them.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel

from desk.target import Target
from functions.route_events.routes import Deployed
from functions.stream_reader.catch_up import CatchUpState
from functions.stream_reader.checkpoint import Checkpoint, read_checkpoint
from switchboard.aws.checkpoint_table import CheckpointTable
from switchboard.aws.configuration_table import ConfigurationTable
from switchboard.aws.events_table import EventsTable
from switchboard.aws.items import from_item
from switchboard.aws.lease_table import LeaseTable
from switchboard.aws.ledger_table import LedgerTable, entry_of
from switchboard.aws.state_table import StateTable
from switchboard.breaker import Breaker, DestinationState
from switchboard.claims import check_in, check_out
from switchboard.destination import Lane
from switchboard.envelope import (
    VERSION,
    Claim,
    DeliveryOrder,
    Envelope,
    Raw,
    RawRef,
    decode,
    encode,
)
from switchboard.errors import ReasonClass
from switchboard.event import Event
from switchboard.events import Recorded
from switchboard.ledger import Entry, State
from switchboard.routing import Choice
from switchboard.testing.deliveries import make_event
from switchboard.testing.stores import Clock, MemoryBucket

FOLDER = Path(__file__).parents[1] / "released"
RELEASES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())

# Fields that a release cannot read: None until something sets them, and nothing sets them before
# the release that reads them is the one before, unless an operator asks for it by a command of the
# newer release (`switchboard replay … --from-raw`). A field goes from here into the next
# `reads.json`.
GATED: Mapping[str, frozenset[str]] = {
    "Envelope": frozenset(),
    "Event": frozenset(),
    "DeliveryOrder": frozenset({"from_raw"}),
    "Raw": frozenset(),
    "RawRef": frozenset(),
}
GROUP = "interaction:one"
RAW = Raw(kind="jaas", body='{"number": 1}', received_at="2026-11-24T09:30:00.000Z")
RAW_REF = RawRef(bucket="archive", key="raw/2026/11/24/09/abc.jsonl.gz", line=3)


def released(release: str, name: str) -> Any:
    return json.loads((FOLDER / release / f"{name}.json").read_text())


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestMessages:
    def test_a_message_as_it_arrived(self, release: str) -> None:
        envelope = decode(released(release, "messages")["arrived"])
        assert envelope.raw == RAW
        assert envelope.event is not None
        assert (envelope.group, envelope.event.data) == (GROUP, None)

    def test_a_claim_check(self, release: str) -> None:
        claim = released(release, "claim")
        bucket = MemoryBucket()
        bucket.objects[claim["key"]] = claim["body"].encode("ascii")
        envelope = decode(released(release, "messages")["arrived by claim check"])
        event, whole = check_out(envelope, bucket)
        assert event.weakid
        assert whole.raw == RAW

    @pytest.mark.parametrize(
        ("name", "order"),
        [
            ("fanned out", DeliveryOrder(only="crm")),
            ("fanned out, urgent", DeliveryOrder(only="crm", lane=Lane.URGENT)),
            (
                "replayed",
                DeliveryOrder(only="crm", replay="replay-1", generation=1, mapping_version=4),
            ),
        ],
    )
    def test_a_message_for_one_destination(
        self, release: str, name: str, order: DeliveryOrder
    ) -> None:
        envelope = decode(released(release, "messages")[name])
        assert envelope.delivery == order
        assert envelope.raw_ref == RAW_REF
        assert envelope.event is not None
        assert envelope.event.data == {"number": 1, "text": "\ud800\x00 ü"}
        assert envelope.event.sequence == 7

    def test_a_dead_letter_holds_its_envelope(self, release: str) -> None:
        letters = released(release, "dead_letters")
        envelope = decode(json.dumps(letters["rejected"]["envelope"]))
        assert envelope.delivery == DeliveryOrder(only="crm")
        assert letters["rejected"]["reason"]["class"] == ReasonClass.REJECTED
        assert letters["unreadable"]["unreadable"] == "not an envelope"


class TestItems:
    """The tables hold what the release wrote, item by item."""

    @pytest.fixture(autouse=True)
    def kept(self, release: str, tables: None) -> None:
        del tables
        dynamodb: Any = boto3.client("dynamodb")
        for table in ("ledger", "events", "state", "configuration"):
            items = released(release, table)
            for item in items.values() if isinstance(items, dict) else items:
                dynamodb.put_item(TableName=table, Item=item)

    def test_every_state_of_a_delivery(self, release: str) -> None:
        items = released(release, "ledger")
        assert set(items) == set(released(release, "reads")["states"])
        for name, item in items.items():
            entry = entry_of(from_item(item))
            assert entry.state == name
            assert (entry.group, entry.event_id, entry.destination) == (
                GROUP,
                f"event-{name}",
                "crm",
            )
            assert (entry.mapping_version, entry.lane) == (4, Lane.URGENT)
        unknown = entry_of(from_item(items["unknown"]))
        assert (unknown.bugs, unknown.reason_class) == (1, ReasonClass.UNKNOWN)
        delivered = entry_of(from_item(items["delivered"]))
        assert (delivered.generation, delivered.replay, delivered.attempt) == (1, "replay-1", 3)

    def test_an_entry_is_found_and_followed(self, release: str) -> None:
        kept = entry_of(from_item(released(release, "ledger")["waiting"]))
        ledger = LedgerTable("ledger", 90, Clock())
        fresh = Entry(GROUP, kept.event_id, "crm", State.SENDING, owner="two")
        assert ledger.put(fresh, expected=None) == kept

    def test_the_choice_of_destinations_is_used_again(self, release: str) -> None:
        del release
        again = Recorded(GROUP, make_event(1), "", None, None, ())
        assert EventsTable("events", 90, Clock()).append(again).destinations == [
            Choice(name="crm", version=3),
            Choice(name="pager", lane=Lane.URGENT, version=9),
        ]

    def test_a_destinations_state(self, release: str) -> None:
        del release
        assert StateTable("state").read("crm") == DestinationState()
        pager = StateTable("state").read("pager")
        assert (pager.breaker, pager.paused) == (Breaker.OPEN, True)
        assert (pager.until, pager.not_before) == (1_790_000_300.0, 1_790_000_060.0)

    def test_a_lease_and_the_checkpoints_under_it(self, release: str) -> None:
        del release
        leases = LeaseTable("state")
        assert leases.take("reader#calls", "task-2", 1_790_000_010.0, 30.0) is None
        taken = leases.take("reader#calls", "task-2", 1_790_000_090.0, 30.0)
        assert taken is not None
        assert taken.fence == 2
        checkpoints = CheckpointTable("state")
        mark = checkpoints.read("calls/persistent-partition-0")
        assert mark is not None
        assert read_checkpoint("calls/persistent-partition-0", mark).message_id == "CAAQAw=="
        state = checkpoints.read("calls/catch-up")
        assert state is not None
        assert CatchUpState.model_validate_json(state) == CatchUpState()

    def test_the_last_good_documents(self, release: str) -> None:
        del release
        table = ConfigurationTable("configuration")
        document, mapping = (
            table.last_good("destinations/crm"),
            table.last_good("mappings/crm-call"),
        )
        assert document is not None
        assert mapping is not None
        assert (document.version, mapping.version) == (1, 4)
        assert json.loads(document.text)["mapping"] == "crm-call"


class TestParameters:
    def test_a_destinations_queues(self, release: str) -> None:
        text = released(release, "deployment")["deployment/destinations/crm"]
        assert set(Deployed.model_validate_json(text).queues) == {Lane.NORMAL, Lane.URGENT}

    @pytest.mark.usefixtures("aws")
    def test_what_the_desk_reads(self, release: str) -> None:
        for name, text in released(release, "deployment").items():
            boto3.client("ssm").put_parameter(
                Name=f"/switchboard/dev/{name}", Value=text, Type="String"
            )
        target = Target("dev")
        assert target.core()["ledger_table"] == "switchboard-dev-ledger"
        assert target.kinds() == {
            "sources/meetings": "jaas",
            "sources/calls": "stream",
            "destinations/crm": "webhook",
        }


class TestWhatIsWrittenNow:
    """The release that is rolled back to reads what today's code wrote before."""

    def test_messages_have_its_version(self, release: str) -> None:
        assert released(release, "reads")["version"] == VERSION

    def test_messages(self, release: str) -> None:
        schema = Draft202012Validator(released(release, "reads")["envelope"])
        for body in written_now():
            assert [error.message for error in schema.iter_errors(json.loads(body))] == []

    def test_claims(self, release: str) -> None:
        schema = Draft202012Validator(released(release, "reads")["claim"])
        body = encode(Claim(event=make_event(1), raw=RAW))
        assert [error.message for error in schema.iter_errors(json.loads(body))] == []

    @pytest.mark.parametrize("model", [Envelope, Event, DeliveryOrder, Raw, RawRef])
    def test_a_new_field_is_gated(self, release: str, model: type[BaseModel]) -> None:
        assert ungated(released(release, "reads")["envelope"], model) == set()

    def test_a_new_field_that_is_not_gated_is_found(self, release: str) -> None:
        class Order(DeliveryOrder):
            colour: str | None = None
            size: int = 3

        Order.__name__ = "DeliveryOrder"
        assert ungated(released(release, "reads")["envelope"], Order) == {"colour", "size"}

    def test_states_reasons_and_lanes(self, release: str) -> None:
        reads = released(release, "reads")
        assert {state.value for state in State} <= set(reads["states"])
        assert {reason.value for reason in ReasonClass} <= set(reads["reason_classes"])
        assert {lane.value for lane in Lane} <= set(reads["lanes"])

    def test_choices_and_checkpoints(self, release: str) -> None:
        reads = released(release, "reads")
        for name, written in {
            "choice": Choice(name="crm", version=3),
            "checkpoint": Checkpoint(message_id="CAAQAw==", alive_at=5.0),
        }.items():
            document = written.model_dump(mode="json", exclude_none=True)
            assert [
                e.message for e in Draft202012Validator(reads[name]).iter_errors(document)
            ] == []


def written_now() -> Iterator[str]:
    """Every shape of message, as it is written today."""
    event = make_event(1, data={"text": "\ud800"}, weakid=True, sequence=7)
    yield encode(Envelope(event=make_event(1, data=None), group=GROUP, raw=RAW))
    yield check_in(
        Envelope(event=make_event(1, data="x" * 300_000), group=GROUP, raw=RAW), MemoryBucket()
    )
    for order in (
        DeliveryOrder(only="crm"),
        DeliveryOrder(only="crm", lane=Lane.URGENT),
        DeliveryOrder(only="crm", replay="replay-1", generation=1, mapping_version=4),
    ):
        yield encode(Envelope(event=event, group=GROUP, raw_ref=RAW_REF, delivery=order))


def ungated(schema: Mapping[str, Any], model: type[BaseModel]) -> set[str]:
    """The fields of `model` that `schema` refuses, unless they are gated and None until set."""
    known = schema["$defs"].get(model.__name__, schema)["properties"]
    return {
        name
        for name, info in model.model_fields.items()
        if name not in known
        and (name not in GATED[model.__name__] or info.default is not None or info.is_required())
    }
