"""Where drains are recorded, and how a function is started, over moto and botocore."""

import json

import pytest
from botocore.stub import Stubber

from switchboard.aws import clients
from switchboard.aws.asynchronous import start_function
from switchboard.aws.drained_queue import DrainTable
from switchboard.drain import Drain, Drained, DrainOrder
from switchboard.errors import ConfigurationError

ORDER = DrainOrder(kind=Drain.DISCARD, by="ana", why="the old tenant", seconds=40)


@pytest.mark.usefixtures("tables")
def test_the_newest_drain_is_what_is_read() -> None:
    table = DrainTable("state")
    assert table.read("crm") is None
    drained = Drained(order=ORDER, done=7, rest=True, at=100.0)
    table.record("crm", drained)
    table.record("crm", Drained(order=DrainOrder(), at=99.0))
    assert table.read("crm") == drained
    assert table.read("pager") is None


@pytest.mark.usefixtures("aws")
def test_a_function_is_started_and_not_waited_for() -> None:
    with Stubber(clients.client("lambda")) as stub:
        event = {"drain": {"kind": "deliver"}}
        wanted = {
            "FunctionName": "to-crm",
            "InvocationType": "Event",
            "Payload": json.dumps(event).encode(),
        }
        stub.add_response("invoke", {"StatusCode": 202}, wanted)
        start_function("to-crm", event)
        stub.assert_no_pending_responses()
        stub.add_client_error("invoke", "AccessDeniedException")
        with pytest.raises(ConfigurationError, match="starting a function"):
            start_function("to-crm", event)
