import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

import pytest

from desk.standins.endpoint import Endpoint, FaultPlan

KEY = b"a key of twenty-four b.."
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def request(key: str, **data: object) -> tuple[Mapping[str, str], bytes]:
    body = json.dumps({"data": {"id": key, "interaction": "one", "sequence": 0, **data}}).encode()
    made = base64.b64encode(hmac.digest(KEY, f"{key}.1.".encode() + body, hashlib.sha256))
    return {
        "webhook-id": key,
        "webhook-timestamp": "1",
        "webhook-signature": f"v1,{made.decode()}",
    }, body


def endpoint(*, knows_keys: bool = True, **faults: object) -> Endpoint:
    plan = FaultPlan(**faults)  # type: ignore[arg-type]
    return Endpoint("crm", SECRET, knows_keys=knows_keys, plan=plan)


def test_one_that_knows_keys_stores_a_repeated_one_once() -> None:
    crm = endpoint()
    lines = [crm.take(*request("a"), now=0.0)[1] for _ in range(2)]
    assert [(line["what"], line["stored"]) for line in lines] == [
        ("stored", True),
        ("repeat", False),
    ]


def test_one_that_ignores_keys_stores_every_time() -> None:
    pager = endpoint(knows_keys=False)
    assert all(pager.take(*request("a"), now=0.0)[1]["stored"] for _ in range(2))


def test_a_bad_signature_is_refused_and_written_down() -> None:
    headers, body = request("a")
    reply, line = endpoint().take(headers, body + b" ", now=0.0)
    assert (reply.status, line["what"], line["stored"]) == (401, "bad signature", False)


@pytest.mark.parametrize(("now", "status"), [(2.9, 200), (3.0, 503), (9.9, 503), (10.0, 200)])
def test_it_is_down_for_its_time(now: float, status: int) -> None:
    assert endpoint(down=(3.0, 10.0)).take(*request("a"), now=now)[0].status == status


@pytest.mark.parametrize(("now", "after"), [(2.9, 0.0), (3.0, 0.5), (9.9, 0.5), (10.0, 0.0)])
def test_it_is_slow_for_its_time_and_says_so(now: float, after: float) -> None:
    reply, line = endpoint(slow=(3.0, 10.0), slow_seconds=0.5).take(*request("a"), now=now)
    assert (reply.status, reply.after, line["stored"]) == (200, after, True)
    assert line["what"] == ("stored, slow" if after else "stored")


def test_after_its_time_some_interactions_stumble_once_and_never_one_after_the_other() -> None:
    crm = endpoint(down=(0.0, 10.0), stumbles=2)
    assert crm.take(*request("a", interaction="one"), now=9.0)[0].status == 503
    statuses = [
        (interaction, crm.take(*request("a", interaction=interaction), now=10.0)[0].status)
        for interaction in ("one", "one", "one", "one", "two", "two", "three", "three", "three")
    ]
    failed = [number for number, (_, status) in enumerate(statuses) if status == 503]
    assert failed == [2, 5]
    assert {status for _, status in statuses} == {200, 503}


def test_one_request_is_limited_and_told_for_how_long() -> None:
    crm = endpoint(limited_at=1, retry_after=3)
    reply, _ = crm.take(*request("a"), now=2.0)
    assert (reply.status, reply.headers) == (429, {"Retry-After": "3"})
    assert crm.take(*request("a"), now=2.0)[0].status == 200


def test_one_request_is_stored_and_never_answered() -> None:
    crm = endpoint(silent_at=1)
    reply, line = crm.take(*request("a"), now=2.0)
    assert (reply.status, line["what"], line["stored"]) == (0, "stored, unanswered", True)
    assert crm.take(*request("a"), now=3.0)[1]["what"] == "repeat"


def test_one_request_meets_a_page_of_html_with_200_and_is_not_stored() -> None:
    crm = endpoint(page_at=1)
    reply, line = crm.take(*request("a"), now=2.0)
    assert (reply.status, reply.content_type) == (200, "text/html; charset=utf-8")
    assert (line["what"], line["stored"]) == ("page of HTML", False)
    assert crm.take(*request("a"), now=2.0)[1]["stored"]


def test_what_is_marked_is_refused_for_good() -> None:
    reply, line = endpoint().take(*request("a", refuse=True), now=0.0)
    assert (reply.status, line["stored"]) == (422, False)
