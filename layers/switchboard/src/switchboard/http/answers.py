"""What a vendor's answer means, in the classes of switchboard.errors."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from switchboard.errors import (
    ConfigurationError,
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)

LONGEST_QUOTE = 300

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")
_SECRETS = re.compile(
    r"(?i)(bearer\s+|basic\s+|(?:api[_-]?key|token|secret|password|signature)[\"']?\s*[:=]\s*[\"']?)"
    r"[^\s\"'&,;}]+"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A vendor's answer; header names are lower case, the body is cut at the client's limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def quote(self) -> str:
        """The body for an operator: printable, short, and without what looks like a secret."""
        text = _UNPRINTABLE.sub(" ", self.body.decode("utf-8", "replace"))
        return _SECRETS.sub(r"\1[redacted]", text).strip()[:LONGEST_QUOTE]

    @property
    def is_html(self) -> bool:
        """Whether a page came where an API should have answered."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower() == "text/html"


def retry_after(answer: Answer, now: float | None = None) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date (RFC 9110, 10.2.3)."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, moment - (time.time() if now is None else now))


def raise_for_answer(answer: Answer, *, clean_statuses: frozenset[int] = frozenset()) -> None:
    """Nothing for 2xx, else the error that the status means.

    `clean_statuses` are those among 500, 502 and 504 after which this vendor stored nothing.
    """
    status, quote = answer.status, answer.quote
    if 200 <= status < 300:
        return
    said = f"the destination answered {status}"
    wait = retry_after(answer)
    if status == 429 or (status == 503 and wait is not None):
        raise RateLimited(said, retry_after=wait, answer=quote)
    if status in {408, 425, 503} or status in clean_statuses:
        raise Unavailable(said, answer=quote)
    if status in {401, 403, 407}:
        raise CredentialsRefused(f"{said}: it refuses the credentials; correct the secret")
    if status == 410:
        raise ConfigurationError(f"{said}: the endpoint is gone; correct the url")
    if 300 <= status < 400:
        raise ConfigurationError(f"{said}: redirects are not followed; correct the url")
    if status >= 500 and status not in {501, 505}:
        raise OutcomeUnknown(f"{said}: it may or may not have stored it", answer=quote)
    raise Rejected(said, answer=quote)
