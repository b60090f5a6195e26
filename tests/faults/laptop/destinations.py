"""The destinations of the laptop's fault table: every kind in every mode, and their vendors."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desk.standins.slack import Workspace
from switchboard.destination import Repeat
from tests.faults.deliveries.shops import Channels, Endpoint
from tests.faults.deliveries.vendor import Shop

BUCKET = "faults-lake"
TOKEN = "xoxb-a-token"
CHANNELS = tuple(f"C{number:09}" for number in range(24))
"""A channel takes one message a second: one would be waited for too long."""

MODES: Mapping[str, Mapping[str, Any]] = {
    "ordered": {"timeout_seconds": 20},
    "batched": {
        "mode": "batched",
        "window_seconds": 2,
        "batch_size": 20,
        "timeout_seconds": 40,
    },
    "scheduled": {"mode": "scheduled", "every": "1 minute", "timeout_seconds": 90},
}
LEASE_SECONDS = 90 + 30
"""For which an execution that was killed is waited for: its time-out and a margin."""

LOCAL = ("127.0.0.1",)
SIGNING = {"signing_secret": "whsec_c2VjcmV0LW9mLXRoZS1sYXB0b3A="}
RECORD = {
    "event": "id",
    "group": "data.group",
    "number": "data.number",
    "text": "join(' ', ['record', id, data.group, to_string(data.number)])",
}
"""What a vendor gets: enough to know the event again, and its place in its group."""


@dataclass(frozen=True, slots=True)
class Faulted:
    """A destination under fault. Without a `shop` its vendor is the emulator's S3.

    `scale` multiplies the shares of the vendor's trouble: a parcel is one request for many.
    """

    kind: str
    mode: str
    repeat: Repeat
    shop: Callable[[], Shop] | None = None
    scale: float = 2.0

    @property
    def name(self) -> str:
        """Its name in the stage."""
        return f"{self.kind}-{self.mode}"

    @property
    def ordered(self) -> bool:
        """Whether it keeps the order of a group."""
        return self.mode != "batched"

    def entry(self, url: str) -> Mapping[str, Any]:
        """Its entry in cdk.json."""
        entry = {"kind": self.kind, **MODES[self.mode]}
        match self.kind:
            case "s3":
                return {**entry, "bucket": BUCKET, "prefix": f"{self.mode}/"}
            case "slack":
                slack = {"api_url": f"{url}/api", "timeout_seconds": 40}
                return {**entry, **slack, "private_hosts": LOCAL}
        return {**entry, "private_hosts": LOCAL}

    def document(self, url: str) -> Mapping[str, Any]:
        """Its run-time document."""
        match self.kind:
            case "s3":
                own: Mapping[str, Any] = {}
            case "slack":
                own = {"channel_by": "data.channel", "personal_data": "show"}
            case _:
                own = {"url": url}
        return {"mapping": "record", **own}

    def secret(self) -> Mapping[str, str] | None:
        """What its secret holds, if it has one."""
        return {"webhook": SIGNING, "slack": {"bot_token": TOKEN}}.get(self.kind)


def _endpoint() -> Shop:
    return Endpoint(knows=True)


def _workspace() -> Shop:
    return Channels(Workspace(TOKEN, CHANNELS), time.time)


DESTINATIONS: Sequence[Faulted] = (
    Faulted("webhook", "ordered", Repeat.NATIVE, _endpoint),
    Faulted("webhook", "batched", Repeat.NATIVE, _endpoint, scale=5.0),
    Faulted("webhook", "scheduled", Repeat.NATIVE, _endpoint),
    Faulted("s3", "ordered", Repeat.NATIVE),
    Faulted("s3", "batched", Repeat.READ_BACK),
    Faulted("s3", "scheduled", Repeat.NATIVE),
    Faulted("slack", "ordered", Repeat.READ_BACK, _workspace),
    Faulted("slack", "scheduled", Repeat.READ_BACK, _workspace),
)
