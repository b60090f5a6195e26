"""What to do after a session ended or a handshake was refused: by status, and with full jitter."""

import html
import re
from dataclasses import dataclass
from enum import StrEnum

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 60.0
HEALTHY_SECONDS = 60.0
BUSY_ALARM_SECONDS = 10 * 60.0
REPEATED = 5
"""A 500 that many times in a row is told as what will not pass by itself."""

_TITLE = re.compile(r"<(title|h1)>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
_REASON_LENGTH = 300


class Advice(StrEnum):
    """What a refusal means for the operator; the session is tried again after every one of them."""

    PASSING = "passing"
    """The server's trouble: back off."""
    CREDENTIALS = "credentials"
    """Read the secret again at once, then back off."""
    CONFIGURATION = "configuration"
    """Nothing but a change of the document, the key or the tenant's rights will help."""
    BUSY = "busy"
    """Another session holds the subscription, or the ghost of one that has not been noticed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A handshake that was answered with something else than 101. `reason` is the server's."""

    status: int
    reason: str

    @property
    def advice(self) -> Advice:
        """What it means, by its status."""
        if self.status == 401:
            return Advice.CREDENTIALS
        if self.status in {400, 403, 404, 405, 414, 431} or 300 <= self.status < 400:
            return Advice.CONFIGURATION
        if self.status == 409:
            return Advice.BUSY
        return Advice.PASSING

    def sentence(self, place: str) -> str:
        """For the log: what was refused, why, and what to do."""
        return f"{place}: the server answered {self.status} ({self.reason}); {_DO[self.advice]}"


_DO = {
    Advice.PASSING: "it is tried again",
    Advice.CREDENTIALS: "the secret is read again; if this goes on, set the source's key anew with"
    " `switchboard secrets set`",
    Advice.CONFIGURATION: "check host, tenant, topic and subscription in the source's document, and"
    " that the key may read the topic",
    Advice.BUSY: "another session holds the subscription; after a crash the server may need"
    " minutes to notice",
}


def refusal(status: int, body: bytes) -> Refusal:
    """The server's answer; Jetty puts the broker's words into the title of an HTML page."""
    text = body[:20_000].decode("utf-8", "replace")
    found = _TITLE.search(text)
    words = html.unescape(found.group(2) if found else re.sub(r"<[^>]*>", " ", text))
    return Refusal(status, " ".join(words.split())[:_REASON_LENGTH] or "no reason given")


class BackOff:
    """Full jitter, doubling up to a minute; only a healthy minute starts it anew."""

    def __init__(self, longest: float = LONGEST_SECONDS) -> None:
        self._longest = longest
        self._tries = 0

    def healthy(self) -> None:
        """A session lived for HEALTHY_SECONDS."""
        self._tries = 0

    def seconds(self, jitter: float) -> float:
        """How long to wait before the next try; `jitter` is from 0 to 1."""
        self._tries += 1
        return min(self._longest, FIRST_SECONDS * 2.0 ** min(self._tries, 10)) * jitter
