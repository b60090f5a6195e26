"""The ids of replays: they begin with their moment, so that the later of two is known."""

import re
from datetime import UTC, datetime

_ID = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{8}")


def new_replay_id(now: float, random: str) -> str:
    """An id of a replay that is planned at `now`; `random` is eight hexadecimal digits or more."""
    moment = datetime.fromtimestamp(now, UTC)
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}Z-{random[:8]}"


def is_replay_id(text: str) -> bool:
    """Whether `text` is an id that `new_replay_id` made."""
    return _ID.fullmatch(text) is not None


def is_earlier(one: str | None, other: str | None) -> bool:
    """Whether the replay `one` was planned before `other`; nobody knows of foreign ids."""
    if one is None or other is None or not (is_replay_id(one) and is_replay_id(other)):
        return False
    return one < other
