"""Who may enter, and with which status anyone else is sent away."""

import urllib.error
import urllib.request

import pytest

from tests.pulsar.client import Socket, publish, reader, refusal, said
from tests.pulsar.server import PulsarServer


def test_without_a_valid_token_it_is_401(server: PulsarServer, topic: str) -> None:
    path = f"reader/persistent/{topic}"
    good = server.token()
    bad: list[dict[str, str]] = [
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": f"Bearer {good[:-3]}AAA"},
        {"Authorization": f"Bearer {server.token(ttl=-10)}"},
        {"Authorization": f"bearer {good}"},
        {"X-API-Key": good},
    ]
    for headers in bad:
        status, body = refusal(server, path, None, headers)
        assert status == 401, headers
        assert "<title>Error 401 Authentication required</title>" in body


def test_a_token_in_the_url_counts_where_no_header_is(server: PulsarServer, topic: str) -> None:
    path = f"reader/persistent/{topic}"
    for token in (server.token(), f"Bearer {server.token()}"):
        assert refusal(server, path, {"token": token}, {})[0] == 101
    basic = {"Authorization": "Basic YTpi"}
    assert refusal(server, path, {"token": server.token()}, basic)[0] == 401
    beside = {"Authorization": f"Bearer {server.token()}", "X-API-Key": "any"}
    assert refusal(server, path, None, beside)[0] == 101


def test_without_permission_it_is_403(server: PulsarServer) -> None:
    server.namespace("public/guarded")
    headers = {"Authorization": f"Bearer {server.token('guest')}"}
    for path in (
        "reader/persistent/public/guarded/t",
        "consumer/persistent/public/guarded/t/one",
        "reader/persistent/public/unheard/t",
    ):
        status, body = refusal(server, path, None, headers)
        assert status == 403, path
        assert "<title>Error 403 Not authorized</title>" in body
    assert refusal(server, "reader/persistent/nobody/ns/t", None, headers)[0] == 500
    nameless = {"Authorization": f"Bearer {server.token(None)}"}
    assert refusal(server, "reader/persistent/public/guarded/t", None, nameless)[0] == 403
    server.grant("public/guarded", "guest")
    assert refusal(server, "reader/persistent/public/guarded/t", None, headers)[0] == 101


def test_an_expired_token_is_seen_at_the_next_handshake_only(
    server: PulsarServer, topic: str
) -> None:
    token = server.token(ttl=3)
    headers = {"Authorization": f"Bearer {token}"}
    path = f"reader/persistent/{topic}"
    with Socket(server, path, {"messageId": "earliest"}, headers) as session:
        while refusal(server, path, None, headers)[0] == 101:
            assert session.pong()
        publish(server, topic, ["after"])
        assert said(session.frames(1)) == ["after"]
    assert refusal(server, path, None, headers)[0] == 401


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("reader/persistent/public/unheard/t", 500, "Namespace not found"),
        ("consumer/persistent/public/unheard/t/one", 404, "Namespace not found"),
        ("reader/persistent/public/default", 500, ""),
        ("reader/nonsense/public/default/t", 500, ""),
        ("consumer/persistent/public/default/t", 400, "params: Invalid topic name format"),
        ("consumer/persistent/public/default/t/", 400, "params: Empty subscription name"),
        ("nonsense/persistent/public/default/t", 404, "Not Found"),
    ],
)
def test_a_wrong_address(server: PulsarServer, path: str, status: int, reason: str) -> None:
    answered, body = refusal(server, path)
    assert answered == status
    assert body.startswith("<html>")
    assert reason in body


@pytest.mark.parametrize("size", ["many", "", "-1"])
def test_a_reader_with_a_bad_queue_is_500(server: PulsarServer, topic: str, size: str) -> None:
    assert refusal(server, f"reader/persistent/{topic}", {"receiverQueueSize": size})[0] == 500


def test_unknown_parameters_are_ignored_and_the_first_of_a_repeated_counts(
    server: PulsarServer, topic: str
) -> None:
    publish(server, topic, ["one"])
    path = f"reader/persistent/{topic}?messageId=earliest&messageId=nonsense&what=ever&"
    with Socket(server, path) as session:
        assert said(session.frames(1)) == ["one"]


def test_a_misspelt_topic_is_a_healthy_empty_one(server: PulsarServer, topic: str) -> None:
    with reader(server, f"{topic}-misspelt") as session:
        assert session.silent()
        assert session.pong()


def test_a_name_is_decoded_as_a_form_is(server: PulsarServer, topic: str) -> None:
    publish(server, f"{topic}%2Bplus", ["plus"])
    publish(server, f"{topic}%20plus", ["space"])
    with reader(server, f"{topic}+plus") as session:
        assert said(session.frames(1)) == ["space"]


def test_a_plain_request_is_405(server: PulsarServer, topic: str) -> None:
    request = urllib.request.Request(f"{server.http}/ws/v2/reader/persistent/{topic}")
    for headers, status in (({}, 401), ({"Authorization": f"Bearer {server.token()}"}, 405)):
        request.headers = headers
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)
        with refused.value as answer:
            assert answer.code == status
