"""The workspace keeps what Slack documents, whoever calls it."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.standins.slack import BURST, Workspace

TOKEN = "xoxb-1"
CHANNEL, OTHER = "C01", "C02"
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json; charset=utf-8"}


def workspace() -> Workspace:
    return Workspace(TOKEN, [CHANNEL, OTHER], webhook="/services/hook")


def post(slack: Workspace, now: float = 1_790_000_000.0, **body: Any) -> dict[str, Any]:
    asked = {"channel": CHANNEL, "text": "a", **body}
    answer = slack.take("/api/chat.postMessage", HEADERS, json.dumps(asked).encode(), now)
    read: dict[str, Any] = json.loads(answer.body)
    return {**read, "status": answer.status, "headers": answer.headers}


def read(slack: Workspace, method: str, **arguments: Any) -> dict[str, Any]:
    path = f"/api/conversations.{method}?{urlencode({'channel': CHANNEL, **arguments})}"
    found: dict[str, Any] = json.loads(slack.take(path, HEADERS, b"", 0.0).body)
    return found


def hook(slack: Workspace, body: bytes, now: float = 1_790_000_000.0) -> tuple[int, str]:
    answer = slack.take("/services/hook", {}, body, now)
    return answer.status, answer.body


def test_a_refusal_is_a_200_that_says_so() -> None:
    slack = workspace()
    slack.channels[OTHER].is_archived = True
    refusals: dict[str, dict[str, Any]] = {
        "channel_not_found": {"channel": "C03"},
        "is_archived": {"channel": OTHER},
        "no_text": {"text": ""},
        "invalid_blocks": {"blocks": [{"type": "divider"}] * 51},
        "thread_not_found": {"thread_ts": "1.000001"},
    }
    for error, asked in refusals.items():
        answer = post(slack, **asked)
        assert (answer["status"], answer["ok"], answer["error"]) == (200, False, error)
    assert slack.posted(CHANNEL) == []
    slack.channels[CHANNEL].has_bot = False
    assert post(slack)["error"] == "not_in_channel"


@pytest.mark.parametrize(
    ("headers", "error"),
    [({}, "not_authed"), ({"authorization": "Bearer other"}, "invalid_auth")],
)
def test_a_token_is_asked_for(headers: dict[str, str], error: str) -> None:
    answer = workspace().take("/api/chat.postMessage", headers, b"{}", 0.0)
    assert json.loads(answer.body) == {"ok": False, "error": error}


@given(gaps=st.lists(st.floats(min_value=0, max_value=3), min_size=1, max_size=40))
def test_a_channel_takes_a_message_a_second_after_a_short_burst(gaps: list[float]) -> None:
    slack, now = workspace(), 1_790_000_000.0
    began = now
    for gap in gaps:
        now += gap
        answer = post(slack, now)
        if answer["status"] == 429:
            assert answer["headers"]["Retry-After"] == "1"
            assert post(slack, now, channel=OTHER)["status"] in {200, 429}
        assert len(slack.posted(CHANNEL)) <= BURST + (now - began) + 1e-6
    assert post(slack, now + 1)["ok"] is True


@given(
    threads=st.lists(st.integers(min_value=0, max_value=4), min_size=1, max_size=30),
    limit=st.integers(min_value=1, max_value=7),
)
def test_history_has_what_is_in_no_thread_and_replies_have_one_thread(
    threads: list[int], limit: int
) -> None:
    slack, now = workspace(), 1_790_000_000
    roots: list[str] = []
    of_thread: dict[str, list[str]] = {}
    for number, choice in enumerate(threads):
        now += 1
        root = roots[choice] if choice < len(roots) else None
        more = {"thread_ts": root} if root else {}
        metadata = {"event_type": "t", "event_payload": {"key": str(number)}}
        ts = post(slack, now, metadata=metadata, **more)["ts"]
        if root is None:
            roots.append(ts)
        of_thread.setdefault(root or ts, []).append(ts)
    assert [one["ts"] for one in pages(slack, "history", limit)] == roots[::-1]
    for root, members in of_thread.items():
        assert [one["ts"] for one in pages(slack, "replies", limit, ts=root)] == members


def pages(slack: Workspace, method: str, limit: int, **arguments: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = read(slack, method, limit=limit, cursor=cursor or "0", **arguments)
        found += page["messages"]
        cursor = page["response_metadata"]["next_cursor"]
        assert bool(cursor) is page["has_more"]
        if not cursor:
            return found


def test_metadata_is_given_to_who_asks_for_it_and_oldest_leaves_out() -> None:
    slack = workspace()
    post(slack, 1_790_000_000, metadata={"event_type": "t", "event_payload": {"key": "k"}})
    post(slack, 1_790_000_100)
    (newest, oldest) = read(slack, "history")["messages"]
    assert "metadata" not in oldest
    assert "metadata" in read(slack, "history", include_all_metadata="true")["messages"][1]
    assert read(slack, "history", oldest="1790000050")["messages"] == [newest]


def test_a_text_is_cut_at_forty_thousand() -> None:
    slack = workspace()
    post(slack, text="x" * 50_000)
    assert len(slack.posted(CHANNEL)[0]["text"]) == 40_000


def test_a_webhook_answers_in_words() -> None:
    slack = workspace()
    assert hook(slack, b'{"text": "a"}') == (200, "ok")
    assert hook(slack, b"no json") == (400, "invalid_payload")
    assert hook(slack, b"{}") == (400, "no_text")
    assert len(slack.posted(CHANNEL)) == 1
    slack.channels[CHANNEL].is_archived = True
    assert hook(slack, b'{"text": "a"}') == (410, "channel_is_archived")
