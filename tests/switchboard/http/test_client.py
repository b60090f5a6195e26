import pytest

from switchboard.errors import ConfigurationError, OutcomeUnknown, RateLimited, Unavailable
from switchboard.http import Answer, HttpClient, raise_for_answer
from switchboard.http.answers import retry_after
from switchboard.testing.stand_in import Reply, StandIn

PRIVATE = ("127.0.0.1",)


def client(seconds: float = 5.0, **more: object) -> HttpClient:
    return HttpClient(timeout_seconds=seconds, private_hosts=PRIVATE, **more)  # type: ignore[arg-type]


def test_a_request_arrives_as_it_was_made() -> None:
    with StandIn() as vendor:
        answer = client().request(
            "POST", f"{vendor.url}/a?b=c", headers={"x-own": "1"}, body=b"exact\x00bytes"
        )
        assert answer.status == 200
        (arrived,) = vendor.arrived
        assert (arrived.method, arrived.path, arrived.body) == ("POST", "/a?b=c", b"exact\x00bytes")
        assert arrived.headers["x-own"] == "1"
        assert arrived.headers["host"] == vendor.url.removeprefix("http://")


def test_redirects_are_not_followed() -> None:
    with StandIn() as vendor:
        vendor.replies = [Reply(302, {"Location": f"{vendor.url}/elsewhere"})]
        answer = client().request("POST", vendor.url, headers={})
        assert answer.status == 302
        assert len(vendor.arrived) == 1


def test_a_silent_vendor_leaves_an_unknown_outcome_and_is_asked_once() -> None:
    with StandIn() as vendor:
        vendor.replies = [Reply(silent=True)]
        with pytest.raises(OutcomeUnknown):
            client(0.2).request("POST", vendor.url, headers={})
        assert len(vendor.arrived) == 1


def test_an_answer_is_read_up_to_its_limit() -> None:
    with StandIn() as vendor:
        vendor.replies = [Reply(500, {}, "x" * 500_000)]
        answer = client().request("POST", vendor.url, headers={})
        assert len(answer.body) == 64 * 1024
        assert client().request("POST", vendor.url, headers={}).status == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "https://user:pass@example.com/",
        "https:///nothing",
        "https://example.com:99999/",
        "//example.com",
        "https://[::1",
    ],
)
def test_an_odd_url_is_refused_before_anything_is_resolved(url: str) -> None:
    with pytest.raises(ConfigurationError):
        HttpClient(timeout_seconds=1).request("POST", url, headers={})


def test_the_name_is_resolved_once_and_the_checked_address_is_called() -> None:
    asked: list[str] = []
    with StandIn() as vendor:
        port = int(vendor.url.rpartition(":")[2])

        def lookup(host: str, _: int) -> list[str]:
            asked.append(host)
            return ["127.0.0.1"]

        client(lookup=lookup).request("POST", f"http://crm.test:{port}/", headers={})
        assert asked == ["crm.test"]
        assert vendor.arrived[0].headers["host"] == f"crm.test:{port}"


def test_a_vendor_without_a_valid_certificate_is_unavailable() -> None:
    with StandIn() as vendor:
        url = vendor.url.replace("http://", "https://")
        with pytest.raises(Unavailable):
            client().request("POST", url, headers={})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("Tue, 24 Nov 2026 12:00:30 GMT", 30.0),
        ("Tue, 24 Nov 2020 12:00:30 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("9" * 400, 999_999_999.0),
        ("", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str, seconds: float | None) -> None:
    now = 1_795_521_600.0
    assert retry_after(Answer(429, {"retry-after": text}, b""), now) == seconds


def test_a_clean_status_is_known_to_have_stored_nothing() -> None:
    with pytest.raises(OutcomeUnknown):
        raise_for_answer(Answer(502, {}, b""))
    with pytest.raises(Unavailable) as error:
        raise_for_answer(Answer(502, {}, b""), clean_statuses=frozenset({502}))
    assert not isinstance(error.value, OutcomeUnknown)
    with pytest.raises(RateLimited):
        raise_for_answer(Answer(429, {}, b""))
