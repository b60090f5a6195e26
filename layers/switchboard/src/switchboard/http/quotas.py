"""What an answer's headers tell of the vendor's quota.

Three spellings are in use: `RateLimit-*` of the draft's first versions (and `X-RateLimit-*`, which
they came from), one `RateLimit` field of parameters, and one of named policies beside a
`RateLimit-Policy`. https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
"""

import re
from collections.abc import Mapping

from switchboard.destination import Quota
from switchboard.http.answers import Answer

EPOCH_FROM = 1_000_000_000.0
"""A reset that is larger is a moment, and no number of seconds; in milliseconds, larger still."""

_MILLISECONDS_FROM = EPOCH_FROM * 100
_PARAMETER = re.compile(r"\b(limit|remaining|reset|q|r|t)\s*=\s*(\d{1,15}(?:\.\d+)?)")


def quota_of(answer: Answer, now: float) -> Quota | None:
    """The quota that an answer tells; None: nothing that can be read."""
    told = _told(answer.headers)
    try:
        total, remaining, reset = (float(told[name]) for name in ("limit", "remaining", "reset"))
    except (KeyError, ValueError):
        return None
    if total <= 0 or remaining < 0 or reset < 0:
        return None
    return Quota(used=max(0.0, total - remaining), total=total, resets=_moment(reset, now))


def _told(headers: Mapping[str, str]) -> Mapping[str, str]:
    for prefix in ("ratelimit-", "x-ratelimit-", "x-rate-limit-"):
        if f"{prefix}remaining" in headers:
            # A limit may be followed by its windows: `100, 100;w=60`.
            return {
                name: headers.get(prefix + name, "").split(",")[0].split(";")[0].strip()
                for name in ("limit", "remaining", "reset")
            }
    field = headers.get("ratelimit", "").split(',"')[0]
    policy = headers.get("ratelimit-policy", "").split(",")[0]
    found = {**_parameters(policy), **_parameters(field)}
    return {_LONG.get(name, name): value for name, value in found.items()}


_LONG = {"q": "limit", "r": "remaining", "t": "reset"}


def _parameters(text: str) -> Mapping[str, str]:
    return dict(_PARAMETER.findall(text))


def _moment(reset: float, now: float) -> float:
    if reset >= _MILLISECONDS_FROM:
        return reset / 1000
    return reset if reset >= EPOCH_FROM else now + reset
