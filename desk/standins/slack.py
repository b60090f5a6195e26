"""A workspace of Slack: channels with messages, threads and metadata, and a limit for each.

Pure but for the time it is given. It keeps what Slack documents of chat.postMessage,
conversations.history, conversations.replies and incoming webhooks, and nothing more.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

BURST = 4
MOST_BLOCKS = 50
LONGEST_TEXT = 40_000
LONGEST_SECTION = 3000
MOST_FIELDS = 10


@dataclass(frozen=True, slots=True)
class SlackAnswer:
    """What Slack answers over HTTP."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Channel:
    """A channel and what was posted there. `tokens` are the messages that it takes at once."""

    is_archived: bool = False
    has_bot: bool = True
    messages: list[dict[str, Any]] = field(default_factory=list)
    tokens: float = BURST
    refilled_at: float = 0.0


class Workspace:
    """A workspace with one bot and one incoming webhook.

    `channels` may be changed by whoever plays with it; a message of it is as Slack returns it.
    """

    def __init__(self, token: str, channels: Sequence[str], *, webhook: str = "") -> None:
        self._token = token
        self._webhook = webhook
        self.webhook_channel = channels[0]
        self.channels = {name: Channel() for name in channels}
        self._count = 0

    def take(self, path: str, headers: Mapping[str, str], body: bytes, now: float) -> SlackAnswer:
        """Answer one request; header names are lower case."""
        parts = urlsplit(path)
        if self._webhook and parts.path.endswith(self._webhook):
            return self._hooked(body, now)
        if headers.get("authorization") != f"Bearer {self._token}":
            return _refusal("invalid_auth" if "authorization" in headers else "not_authed")
        arguments = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match parts.path.rsplit("/", 1)[-1]:
            case "chat.postMessage":
                return self._post(headers, body, now)
            case "conversations.history":
                return self._history(arguments)
            case "conversations.replies":
                return self._replies(arguments)
        return _refusal("unknown_method")

    def posted(self, channel: str) -> list[dict[str, Any]]:
        """Every message of a channel, its threads' too, in their order."""
        return self.channels[channel].messages

    def _post(self, headers: Mapping[str, str], body: bytes, now: float) -> SlackAnswer:
        if not headers.get("content-type", "").startswith("application/json"):
            return _refusal("invalid_post_type")
        try:
            asked: dict[str, Any] = json.loads(body)
        except ValueError:
            return _refusal("invalid_json")
        channel = self.channels.get(str(asked.get("channel")))
        problem = _channel_problem(channel) or _content_problem(asked)
        if problem or channel is None:
            return _refusal(problem)
        thread = asked.get("thread_ts")
        if thread is not None and not any(one["ts"] == thread for one in channel.messages):
            return _refusal("thread_not_found")
        if not _admits(channel, now):
            return _limited()
        message = self._kept(channel, asked, now)
        return _answer({"ok": True, "channel": asked["channel"], "ts": message["ts"]})

    def _kept(self, channel: Channel, asked: Mapping[str, Any], now: float) -> dict[str, Any]:
        self._count += 1
        kept = {name: asked[name] for name in ("blocks", "metadata", "thread_ts") if name in asked}
        message = {
            "type": "message",
            "ts": f"{int(now)}.{self._count:06}",
            "text": str(asked.get("text", ""))[:LONGEST_TEXT],
            **kept,
        }
        channel.messages.append(message)
        return message

    def _hooked(self, body: bytes, now: float) -> SlackAnswer:
        channel = self.channels[self.webhook_channel]
        if channel.is_archived:
            return SlackAnswer(410, "channel_is_archived")
        try:
            asked = json.loads(body)
        except ValueError:
            return SlackAnswer(400, "invalid_payload")
        problem = _content_problem(asked)
        if problem:
            return SlackAnswer(400, problem)
        if not _admits(channel, now):
            return SlackAnswer(429, "rate_limited", {"Retry-After": "1"})
        self._kept(channel, {name: asked[name] for name in asked if name != "metadata"}, now)
        return SlackAnswer(200, "ok")

    def _history(self, arguments: Mapping[str, str]) -> SlackAnswer:
        channel = self.channels.get(arguments.get("channel", ""))
        problem = _channel_problem(channel, reading=True)
        if problem or channel is None:
            return _refusal(problem)
        tops = [one for one in reversed(channel.messages) if "thread_ts" not in one]
        return _page(tops, arguments)

    def _replies(self, arguments: Mapping[str, str]) -> SlackAnswer:
        channel = self.channels.get(arguments.get("channel", ""))
        problem = _channel_problem(channel, reading=True)
        if problem or channel is None:
            return _refusal(problem)
        root = arguments.get("ts", "")
        thread = [one for one in channel.messages if root in (one["ts"], one.get("thread_ts"))]
        if not any(one["ts"] == root for one in thread):
            return _refusal("thread_not_found")
        return _page([{**one, "thread_ts": root} for one in thread], arguments, root=root)


def _channel_problem(channel: Channel | None, *, reading: bool = False) -> str:
    if channel is None:
        return "channel_not_found"
    if not channel.has_bot:
        return "not_in_channel"
    return "is_archived" if channel.is_archived and not reading else ""


def _content_problem(asked: Any) -> str:
    if not isinstance(asked, dict):
        return "invalid_payload"
    blocks = asked.get("blocks")
    if not asked.get("text") and not blocks:
        return "no_text"
    return "" if blocks is None or _are_taken(blocks) else "invalid_blocks"


def _are_taken(blocks: Any) -> bool:
    if not isinstance(blocks, list) or len(blocks) > MOST_BLOCKS:
        return False
    return all(
        isinstance(block, dict)
        and block.get("type")
        and len(block.get("fields", ())) <= MOST_FIELDS
        and all(0 < len(text) <= LONGEST_SECTION for text in _texts(block))
        for block in blocks
    )


def _texts(part: Any) -> Iterator[str]:
    """Every text of a block."""
    if isinstance(part, list):
        for one in part:
            yield from _texts(one)
    elif isinstance(part, dict):
        for name, value in part.items():
            if name == "text" and not isinstance(value, dict):
                yield str(value or "")
            else:
                yield from _texts(value)


def _admits(channel: Channel, now: float) -> bool:
    """One message a second, and a short burst."""
    if channel.refilled_at:
        channel.tokens = min(BURST, channel.tokens + max(0.0, now - channel.refilled_at))
    channel.refilled_at = now
    if channel.tokens < 1:
        return False
    channel.tokens -= 1
    return True


def _page(
    messages: Sequence[Mapping[str, Any]], arguments: Mapping[str, str], *, root: str = ""
) -> SlackAnswer:
    """The messages after `oldest`, so many at once; metadata only where it is asked for."""
    oldest = float(arguments.get("oldest", "0"))
    start, limit = int(arguments.get("cursor", "0")), int(arguments.get("limit", "100"))
    found = [one for one in messages if float(one["ts"]) > oldest or one["ts"] == root]
    page = [dict(one) for one in found[start : start + limit]]
    if arguments.get("include_all_metadata") != "true":
        for one in page:
            one.pop("metadata", None)
    more = start + limit < len(found)
    cursor = {"next_cursor": str(start + limit) if more else ""}
    return _answer({"ok": True, "messages": page, "has_more": more, "response_metadata": cursor})


def _answer(body: Mapping[str, Any]) -> SlackAnswer:
    return SlackAnswer(200, json.dumps(body), {"Content-Type": "application/json; charset=utf-8"})


def _refusal(code: str) -> SlackAnswer:
    return _answer({"ok": False, "error": code})


def _limited() -> SlackAnswer:
    body = json.dumps({"ok": False, "error": "ratelimited"})
    return SlackAnswer(429, body, {"Retry-After": "1"})
