import base64
import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from desk.laptop import InvocationFailed, LaptopStack, attach
from desk.laptop.gateway import LARGEST_BODY, Gateway

Request = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture
def request_api(stack: LaptopStack, stage: str) -> Iterator[Request]:
    connection = http.client.HTTPConnection(urlsplit(stack.api_url).netloc, timeout=60)

    def ask(
        path: str = f"/{stage}/hooks",
        body: bytes = b"",
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()

    yield ask
    connection.close()


def test_the_event_is_that_of_a_rest_api_with_binary_media_types(
    stack: LaptopStack, stage: str
) -> None:
    body = b'{"\xff": 1}'
    connection = http.client.HTTPConnection(urlsplit(stack.api_url).netloc, timeout=60)
    connection.putrequest("POST", f"/{stage}/hooks?a=1&a=2&b=")
    for name, value in (("X-Twice", "one"), ("x-other", "ümlaut"), ("X-Twice", "two")):
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    event: dict[str, Any] = json.load(answer)
    connection.close()
    assert answer.status == 200
    assert answer.getheader("X-One") == "1"
    assert event["resource"] == event["path"] == "/hooks"
    assert event["httpMethod"] == "POST"
    assert event["headers"]["X-Twice"] == "two"
    assert event["multiValueHeaders"]["X-Twice"] == ["one", "two"]
    assert event["headers"]["x-other"] == "ümlaut"
    assert event["queryStringParameters"] == {"a": "2", "b": ""}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [""]}
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == body
    context = event["requestContext"]
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["stage"] == stage
    assert context["path"] == f"/{stage}/hooks"


def test_an_empty_body_is_none(request_api: Request) -> None:
    event = json.loads(request_api()[2])
    assert event["body"] is None
    assert event["isBase64Encoded"] is False
    assert event["queryStringParameters"] is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "{stage}/nope"),
        ("GET", "{stage}/hooks"),
        ("POST", "hooks"),
        ("POST", "{stage}x/hooks"),
    ],
)
def test_what_is_not_deployed_is_answered_as_api_gateway_does(
    request_api: Request, stage: str, method: str, path: str
) -> None:
    status, _, body = request_api("/" + path.format(stage=stage), method=method)
    assert (status, json.loads(body)) == (403, {"message": "Missing Authentication Token"})


def answered(request_api: Request, wanted: Any) -> tuple[int, dict[str, str], bytes]:
    return request_api(headers={"X-Answer": json.dumps(wanted)})


def test_answers_are_mapped(request_api: Request) -> None:
    encoded = base64.b64encode(b"\x00\xff").decode()
    wanted = {
        "statusCode": 418,
        "headers": {"X-One": "1", "X-Many": "0"},
        "multiValueHeaders": {"X-Many": ["1"]},
        "body": encoded,
        "isBase64Encoded": True,
    }
    status, headers, body = answered(request_api, wanted)
    assert (status, body) == (418, b"\x00\xff")
    assert (headers["X-One"], headers["X-Many"]) == ("1", "1")


@pytest.mark.parametrize("malformed", [{"status": 200}, [], "text", {"statusCode": "many"}])
def test_a_malformed_answer_is_a_bad_gateway(request_api: Request, malformed: Any) -> None:
    status, _, body = answered(request_api, malformed)
    assert (status, json.loads(body)) == (502, {"message": "Internal server error"})


def test_a_function_out_of_time_is_a_bad_gateway(request_api: Request) -> None:
    assert answered(request_api, {"sleep": 30})[0] == 502


def test_a_body_over_10_mb_or_over_what_lambda_takes_is_too_long(request_api: Request) -> None:
    too_long = (413, {"message": "Request Too Long"})
    status, _, body = request_api(body=b"x" * (LARGEST_BODY + 1))
    assert (status, json.loads(body)) == too_long
    # 5 MB are 6.7 MB in base64, and Lambda takes 6.
    status, _, body = request_api(body=b"x" * 5_000_000)
    assert (status, json.loads(body)) == too_long
    assert request_api(body=b"x" * 3_000_000)[0] == 200


def test_a_client_that_expects_100_is_told_to_go_on(stack: LaptopStack, stage: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(stack.api_url).netloc, timeout=60)
    connection.putrequest("POST", f"/{stage}/hooks")
    connection.putheader("Content-Length", "2")
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    assert connection.sock is not None
    # Nothing of the body is sent before this comes: it must not wait in a buffer.
    assert connection.sock.recv(12) == b"HTTP/1.1 100"
    connection.close()


def test_a_chunked_body_is_refused_rather_than_lost(stack: LaptopStack, stage: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(stack.api_url).netloc, timeout=60)
    # Only the head: it is refused by it, and what followed would meet a closed connection.
    connection.putrequest("POST", f"/{stage}/hooks")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    assert connection.getresponse().status == 411
    connection.close()


def test_no_request_waits_longer_than_29_seconds(stack: LaptopStack) -> None:
    pool = stack.pool("one-echo")
    gateway = Gateway("s", {("POST", "/hooks"): pool}, lambda *_: None, longest_seconds=0.2)
    headers = [("X-Answer", '{"sleep": 1.5}')]
    reply = gateway.reply("POST", "/s/hooks", headers, b"")
    gateway.close()
    assert (reply.status, json.loads(reply.body)) == (
        504,
        {"message": "Endpoint request timed out"},
    )


def test_another_process_finds_the_stack_and_invokes(stack: LaptopStack, stage: str) -> None:
    found = attach(stage)
    assert found == stack.address
    assert found.api_url == stack.api_url
    assert found.invoke("one-look", {"do": "large", "size": 3}) == "xxx"
    assert found.client("s3").list_buckets()["Buckets"]
    with pytest.raises(InvocationFailed, match="as was asked for"):
        found.invoke("one-look", {"do": "raise"})
    with pytest.raises(InvocationFailed, match="there is no function none"):
        found.invoke("none", {})


def test_no_stack_is_found_where_none_is_up() -> None:
    assert attach("none-is-up") is None
