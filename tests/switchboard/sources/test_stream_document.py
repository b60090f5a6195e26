from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from switchboard.configuration import parse_document
from switchboard.errors import ConfigurationError
from switchboard.sources.stream_document import Place, StreamDocument

HOST = "pulsar-ws-euw2.8x8.com"
LEAST = {"host": HOST, "tenant": "acme01"}
CONSUMER = {"mode": "consumer", "subscription": "switchboard"}


def document(**changes: Any) -> StreamDocument:
    return StreamDocument.model_validate({**LEAST, **changes})


def refused(**changes: Any) -> str:
    with pytest.raises(ValidationError) as error:
        document(**changes)
    return str(error.value)


def test_host_and_tenant_are_enough() -> None:
    found = document()
    assert found.places == (Place("event-v1/all"),)
    assert (found.mode, found.start, found.order) == ("reader", "latest", "interaction")
    assert found.receiver_queue_size == 1000
    assert found.tls


@pytest.mark.parametrize("missing", ["host", "tenant"])
def test_without_host_or_tenant_nothing_can_be_read(missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        StreamDocument.model_validate({key: LEAST[key] for key in LEAST if key != missing})


@pytest.mark.parametrize(
    "changes",
    [
        {"host": f"{HOST}:8443"},
        {"host": "localhost:8080", "tls": False},
        {"host": "127.0.0.1", "tls": False},
        {"host": "[::1]:8080", "tls": False},
        {"host": "[::1]", "tls": False},
        {"start": "earliest"},
        {"start": "CNcBEAkYACAAMAE="},
        {"topics": ["event-v1/AgentStatusChange", "agent-v1/ag64oyEUb_Sk6bxVB9"]},
        {"receiver_queue_size": 2},
        CONSUMER,
        {**CONSUMER, "subscription_type": "Failover", "subscription_start": "earliest"},
        {**CONSUMER, "subscription_type": "Shared", "order": "none"},
        {**CONSUMER, "subscription_type": "Key_Shared", "order": "none"},
        {**CONSUMER, "subscription_type": "Key_Shared", "key_is_interaction": True},
        {"credential": "token"},
    ],
)
def test_what_can_be_read_is_taken(changes: dict[str, Any]) -> None:
    found = document(**changes)
    assert StreamDocument.model_validate_json(found.model_dump_json(exclude_unset=True)) == found


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"host": "wss://pulsar-ws-euw2.8x8.com"}, "without wss://"),
        ({"host": f"{HOST}/ws/v2"}, "without a path"),
        ({"host": f"{HOST}:0"}, "perhaps :port"),
        ({"host": f"{HOST}:65536"}, "perhaps :port"),
        ({"host": ""}, "a host's name"),
        ({"host": f"me@{HOST}"}, "a host's name"),
        ({"tls": False}, "the key would travel in the open"),
        ({"host": "localhost.example.com", "tls": False}, "in the open"),
        ({"host": "127.0.0.1.example.com:80", "tls": False}, "in the open"),
        ({"tenant": "acme/01"}, "tenant"),
        ({"tenant": "../acme"}, "tenant"),
        ({"topics": []}, "topics"),
        ({"topics": ["all"]}, "topics"),
        ({"topics": ["event-v1/../all"]}, "topics"),
        ({"topics": ["event-v1/.."]}, "topics"),
        ({"topics": ["event-v1/a b"]}, "topics"),
        ({"topics": ["event-v1/all?x=1"]}, "topics"),
        ({"topics": ["a/b", "a/b"]}, "a/b is there 2 times"),
        ({"partitions": {"event-v1/other": 2}}, "not one of topics"),
        ({"partitions": {"event-v1/all": 0}}, "greater than or equal to 1"),
        (
            {"topics": ["a/b", "a/b-partition-1"], "partitions": {"a/b": 2}},
            "a/b-partition-1 is read twice",
        ),
        ({"start": "newest"}, "latest, earliest, or a message id"),
        ({"start": "CNcBEAkYACAAMAE"}, "and its padding"),
        ({"start": "CNcB_-kYACAAMAE="}, "standard base64"),
        ({"start": ""}, "a message id"),
        ({"subscription": "s"}, "subscription is for consumers"),
        ({"subscription_type": "Failover"}, "subscription_type is for consumers"),
        ({"subscription_start": "earliest"}, "subscription_start is for consumers"),
        ({"mode": "consumer"}, "needs subscription"),
        ({**CONSUMER, "subscription": "a/b"}, "subscription"),
        ({**CONSUMER, "start": "earliest"}, "start is for readers"),
        ({**CONSUMER, "subscription_type": "Shared"}, "keeps no order"),
        ({**CONSUMER, "subscription_type": "Key_Shared"}, "set key_is_interaction"),
        ({**CONSUMER, "key_is_interaction": True}, "Key_Shared subscriptions only"),
        ({"receiver_queue_size": 0}, "delivers nothing at all"),
        ({"receiver_queue_size": 1}, "nothing after a position"),
        ({"receiver_queue_size": 1001}, "less than or equal to 1000"),
        ({"silence_seconds": 4}, "greater than or equal to 5"),
        ({"silence_seconds": 86_401}, "less than or equal to 86400"),
        ({"credential": "basic"}, "api_key"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(changes: dict[str, Any], why: str) -> None:
    assert why in refused(**changes)


def test_an_operator_reads_document_field_and_reason() -> None:
    text = '{"host": "h", "tenant": "t", "receiver_queue_size": 0}'
    with pytest.raises(ConfigurationError) as error:
        parse_document(StreamDocument, "sources/cc", text)
    assert str(error.value) == (
        "reading sources/cc: receiver_queue_size: Value error, with 0 the server delivers nothing"
        " at all, with 1 nothing after a position; give 2 to 1000"
    )


def test_each_partition_is_a_place_in_the_order_of_the_topics() -> None:
    found = document(topics=["a/x", "event-v1/all", "a/y"], partitions={"event-v1/all": 3})
    assert [place.name for place in found.places] == [
        "a/x",
        "event-v1/all-partition-0",
        "event-v1/all-partition-1",
        "event-v1/all-partition-2",
        "a/y",
    ]
    assert found.places[2] == Place("event-v1/all", 1)


@given(host=st.text(max_size=30), tenant=st.text(max_size=10), topic=st.text(max_size=20))
def test_what_is_taken_needs_no_escaping_in_an_address(host: str, tenant: str, topic: str) -> None:
    try:
        found = StreamDocument(host=host, tenant=tenant, topics=(topic,))
    except ValidationError:
        return
    for text in (found.host, found.tenant, *found.topics):
        assert text.isascii()
        assert not set(text) & set(" ?#%&@\\\r\n")
