import base64
import json
from typing import Any

import pytest

from functions.receive_webhook.gateway import Answer, read_request, source_ip, source_name
from functions.receive_webhook.refusals import Refusal
from switchboard.testing.receiving import proxy_event


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ({"resource": "/webhooks/meetings", "path": "/v1/webhooks/meetings"}, "meetings"),
        ({"path": "/webhooks/meetings/"}, "meetings"),
        ({"resource": "/webhooks"}, ""),
        ({"resource": "/webhooks/meetings/more"}, ""),
        ({"resource": "/health/meetings"}, ""),
        ({"resource": None, "path": None}, ""),
        ({}, ""),
    ],
)
def test_a_source_is_named_by_the_resource(event: dict[str, Any], name: str) -> None:
    assert source_name(event) == name


def test_the_address_is_api_gateways_and_no_headers() -> None:
    event = proxy_event("meetings", {"X-Forwarded-For": "10.0.0.1"}, b"{}", source_ip="192.0.2.1")
    assert source_ip(event) == "192.0.2.1"
    assert source_ip({"requestContext": None}) == ""
    assert source_ip({}) == ""


def test_every_value_of_a_repeated_header_is_kept() -> None:
    event = proxy_event("meetings", {"X-Sig": "two"}, b"{}")
    event["multiValueHeaders"] = {"X-Sig": ["one", "two"]}
    assert read_request(event, 10).headers == (("X-Sig", "one"), ("X-Sig", "two"))
    event["multiValueHeaders"] = None
    assert read_request(event, 10).headers == (("X-Sig", "two"),)
    event["headers"] = None
    assert read_request(event, 10).headers == ()


@pytest.mark.parametrize("body", [b"\x00\xff\n raw", "ü".encode(), b""])
def test_the_exact_bytes_are_read(body: bytes) -> None:
    assert read_request(proxy_event("meetings", {}, body), 100).body == body


def test_a_body_may_come_as_text() -> None:
    event = proxy_event("meetings", {}, b"") | {"body": '{"a": "ü \ud800"}'}
    assert read_request(event, 100).body == b'{"a": "\xc3\xbc \xed\xa0\x80"}'


@pytest.mark.parametrize("size", range(97, 104))
def test_the_limit_is_in_bytes_of_the_decoded_body(size: int) -> None:
    event = proxy_event("meetings", {}, b"x" * size)
    if size <= 100:
        assert len(read_request(event, 100).body) == size
    else:
        with pytest.raises(Refusal, match="larger than 100 bytes"):
            read_request(event, 100)


def test_the_limit_of_a_text_counts_its_bytes() -> None:
    event = proxy_event("meetings", {}, b"") | {"body": "ü" * 60}
    with pytest.raises(Refusal, match="larger than 100 bytes"):
        read_request(event, 100)


def test_what_is_too_large_is_refused_before_it_is_decoded() -> None:
    event = proxy_event("meetings", {}, b"x") | {"body": "!" * 200}
    with pytest.raises(Refusal) as refused:
        read_request(event, 100)
    assert refused.value.status == 413


@pytest.mark.parametrize("text", ["not base64!", "YQ", "YQ==YQ==", "ü", "\ud800"])
def test_base64_that_is_none_is_refused(text: str) -> None:
    event = proxy_event("meetings", {}, b"x") | {"body": text}
    with pytest.raises(Refusal) as refused:
        read_request(event, 100)
    assert refused.value.status == 400


def test_an_answer_is_json_in_api_gateways_shape() -> None:
    answer = Answer(503, {"error": "busy"}, retry_after=5).as_proxy_answer()
    assert answer["statusCode"] == 503
    assert json.loads(answer["body"]) == {"error": "busy"}
    assert answer["headers"] == {
        "content-type": "application/json",
        "cache-control": "no-store",
        "retry-after": "5",
    }
    assert "retry-after" not in Answer(202, {}).as_proxy_answer()["headers"]


def test_base64_in_an_event_is_what_api_gateway_makes() -> None:
    assert proxy_event("meetings", {}, b"{}")["body"] == base64.b64encode(b"{}").decode()
