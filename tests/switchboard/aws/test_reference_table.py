"""Reference data as DynamoDB keeps it, and how many requests an event costs."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from switchboard.aws import clients
from switchboard.aws.reference_table import ReferenceTable, row_item
from switchboard.errors import ConfigurationError, OurOwn, Unavailable
from switchboard.gathering import Gathering
from switchboard.mapping import compile_mapping
from switchboard.reference import Lookups
from switchboard.testing.stores import Clock

MAPPING = compile_mapping(
    {
        "tier": "lookup('accounts', from, 'tier')",
        "queue": "lookup('queues', queue, 'name')",
        "lead": "lookup('agents', lookup('queues', queue, 'lead'), 'name')",
    }
)


@pytest.fixture
def requests(tables: None) -> list[str]:
    """What DynamoDB is asked for, in order."""
    del tables
    dynamodb: Any = boto3.client("dynamodb")
    rows = (
        ("accounts", "+14155552671", {"tier": "gold"}),
        ("queues", "12", {"name": "Billing", "lead": "ag-1"}),
        ("agents", "ag-1", {"name": "Zoë"}),
    )
    for table, key, row in rows:
        dynamodb.put_item(TableName="reference", Item=row_item(table, key, row, "a load"))
    found: list[str] = []
    events = clients.client("dynamodb").meta.events
    events.register("before-call.dynamodb", lambda model, **_: found.append(model.name))
    return found


def test_rows_that_are_there_are_read_and_others_are_not(requests: list[str]) -> None:
    asked = [("accounts", "+14155552671"), ("accounts", "12"), ("queues", "12")]
    assert ReferenceTable("reference").read(asked) == {
        ("accounts", "+14155552671"): {"tier": "gold"},
        ("queues", "12"): {"name": "Billing", "lead": "ag-1"},
    }
    assert requests == ["BatchGetItem"]
    assert len(ReferenceTable("reference").read([("t", str(n)) for n in range(150)])) == 0
    assert len(requests) == 3


def test_an_event_costs_one_request_and_one_for_each_key_that_is_looked_up(
    requests: list[str],
) -> None:
    gather = Gathering(Lookups(ReferenceTable("reference"), Clock()), nothing_to_read)
    for caller in ("+14155552671", "+442079460958", "+14155552671"):
        event = {"from": caller, "queue": 12}
        given = gather(MAPPING.asking, event, None)
        found = MAPPING.evaluate(event, given)
        assert (found["queue"], found["lead"]) == ("Billing", "Zoë")
    # The first asks for caller and queue, and then for the agent; the second for its caller only.
    assert requests == ["BatchGetItem"] * 3
    plain = compile_mapping({"queue": "queue"})
    gather(plain.asking, event, None)
    assert len(requests) == 3


def test_a_cold_batch_costs_one_request_for_a_hundred_rows(requests: list[str]) -> None:
    gather = Gathering(Lookups(ReferenceTable("reference"), Clock()), nothing_to_read)
    tier = compile_mapping({"tier": "lookup('accounts', from, 'tier')"})
    events = [{"from": f"+1415555{number:04d}"} for number in range(99)] + [
        {"from": "+14155552671"}
    ]
    gather.prefetch(tier.asking, events)
    found = [tier.evaluate(event, gather(tier.asking, event, None)) for event in events]
    assert [one["tier"] for one in found] == [None] * 99 + ["gold"]
    assert requests == ["BatchGetItem"]


def test_a_table_that_is_away_is_unavailable_and_one_that_is_forbidden_is_ours_to_fix(
    requests: list[str],
) -> None:
    del requests
    with pytest.raises(Unavailable, match="reading reference data: AWS answered"):
        ReferenceTable("nowhere").read([("a", "b")])
    with pytest.raises(ConfigurationError, match="role may not do it"):
        ReferenceTable("reference", dynamodb=Forbidden()).read([("a", "b")])
    gather = Gathering(Lookups(ReferenceTable("nowhere"), Clock()), nothing_to_read)
    with pytest.raises(OurOwn):
        gather(MAPPING.asking, {"from": "x"}, None)


class Forbidden:
    """A client whose role lacks the permission."""

    def batch_get_item(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "BatchGetItem")


def nothing_to_read(ref: Any) -> Any:
    raise AssertionError(ref)
