"""A trial over moto's tables: what is decided, and how many requests it costs."""

from collections import Counter
from typing import Any

import pytest

from switchboard.aws.clients import client
from switchboard.aws.configuration_table import ConfigurationTable
from switchboard.aws.trial_table import TrialTable
from switchboard.configuration import Status
from switchboard.destination import Delivery, DestinationDocument
from switchboard.errors import Rejected
from switchboard.trial import DELIVERIES
from tests.switchboard.trial_stage import MAPPING, Stage

pytestmark = pytest.mark.usefixtures("tables")


class OverTables(Stage):
    """`requests` counts DynamoDB's by operation and table."""

    def __init__(self) -> None:
        super().__init__()
        self.judgements = ConfigurationTable("configuration")  # type: ignore[assignment]
        self.trials = TrialTable("state")  # type: ignore[assignment]
        self.requests: Counter[tuple[str, str]] = Counter()
        client("dynamodb").meta.events.register("provide-client-params.dynamodb.*", self.count)

    def count(self, params: Any, model: Any, **_: Any) -> None:
        self.requests[model.name, params["TableName"]] += 1

    def of(self, table: str) -> int:
        return sum(count for (_, name), count in self.requests.items() if name == table)

    def status(self, name: str = MAPPING, version: int = 2) -> Status:
        found = self.judgements.version(name, version)
        assert found is not None
        return found.status


def refuse_new(delivery: Delivery, _: DestinationDocument) -> Exception | None:
    return Rejected("422") if "New" in delivery.output else None


def test_a_good_version_is_adopted_and_a_trial_costs_two_writes_for_each_of_twenty() -> None:
    stage = OverTables()
    sandbox = stage.sandbox()
    stage.deliver(sandbox, 0)
    assert stage.of("state") == 0, "nothing is on trial"
    stage.change_mapping()
    for number in range(1, DELIVERIES + 1):
        stage.deliver(sandbox, number)
    assert stage.status() is Status.GOOD
    writes = stage.requests["UpdateItem", "state"]
    reads = stage.requests["GetItem", "state"]
    assert (writes, reads) == (2 * DELIVERIES + 1, 2)

    stage.clock.forward(6)
    stage.requests.clear()
    stage.deliver(sandbox, 100)
    stage.requests.clear()
    for number in range(101, 121):
        stage.deliver(sandbox, number)
    assert (stage.of("state"), stage.of("configuration")) == (0, 0), "a good version costs nothing"


def test_a_bad_version_is_refused_everywhere() -> None:
    stage = OverTables()
    one, two = stage.sandbox(), stage.sandbox()
    stage.deliver(one, 0)
    stage.change_mapping()
    stage.refuses = refuse_new
    for number in range(1, 11):
        stage.deliver(one if number % 2 else two, number)
    assert stage.status() is Status.REFUSED
    assert stage.outputs() == ["Old"] * 11
    assert stage.dead_letters.taken == []
    stage.clock.forward(6)
    stage.tried.clear()
    for number, sandbox in ((20, one), (21, two), (22, stage.sandbox())):
        stage.deliver(sandbox, number)
    assert [next(iter(delivery.output)) for delivery in stage.tried] == ["Old"] * 3
