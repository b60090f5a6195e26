"""The destinations of the laptop's fault table: every kind in every mode, and their vendors."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desk.standins.slack import Workspace
from switchboard.destination import Repeat
from tests.faults.deliveries.shops import Channels, Endpoint
from tests.faults.deliveries.vendor import Shop
from tests.faults.deliveries.verdict import SAFE

BUCKET = "faults-lake"
TOKEN = "xoxb-a-token"
HOOK = "/services/T0/B0/secret"
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

    Where its `repeat` is not safe, its ledger has to own up to what was left unknown. What an
    execution that dies had sent nobody can say: there none dies.

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
        return f"{self.kind}-{self.mode if self.safe else self.repeat.replace('_', '-')}"

    @property
    def safe(self) -> bool:
        """Whether each delivery is one record, whatever happens."""
        return self.repeat in SAFE

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
                # Messages are sent together, in any mode: there has to be time for two requests.
                seconds = max(40, int(entry["timeout_seconds"]))
                api = {"api_url": f"{url}/api", "timeout_seconds": seconds}
                return {**entry, **api, "private_hosts": LOCAL}
        return {**entry, "private_hosts": LOCAL}

    def document(self, url: str) -> Mapping[str, Any]:
        """Its run-time document."""
        match self.kind:
            case "s3":
                own: Mapping[str, Any] = {}
            case "slack" if self.safe:
                own = {"channel_by": "data.channel", "personal_data": "show"}
            case "slack":
                own = {"credential": "webhook_url", "personal_data": "show"}
            case _:
                own = {"url": url}
        chosen = {} if self.safe else {"repeat": str(self.repeat)}
        return {"mapping": "record", **chosen, **own}

    def secret(self, url: str) -> Mapping[str, str] | None:
        """What its secret holds, if it has one."""
        slack = {"bot_token": TOKEN} if self.safe else {"webhook_url": url + HOOK}
        return {"webhook": SIGNING, "slack": slack}.get(self.kind)


def _endpoint() -> Shop:
    return Endpoint(knows=True)


def _forgetful() -> Shop:
    return Endpoint(knows=False)


def _workspace() -> Shop:
    return Channels(Workspace(TOKEN, CHANNELS, webhook=HOOK), time.time)


DESTINATIONS: Sequence[Faulted] = (
    Faulted("webhook", "ordered", Repeat.NATIVE, _endpoint),
    Faulted("webhook", "batched", Repeat.NATIVE, _endpoint, scale=5.0),
    Faulted("webhook", "scheduled", Repeat.NATIVE, _endpoint),
    Faulted("s3", "ordered", Repeat.NATIVE),
    Faulted("s3", "batched", Repeat.READ_BACK),
    Faulted("s3", "scheduled", Repeat.NATIVE),
    Faulted("slack", "ordered", Repeat.READ_BACK, _workspace),
    Faulted("slack", "scheduled", Repeat.READ_BACK, _workspace),
    Faulted("webhook", "ordered", Repeat.AT_LEAST_ONCE, _forgetful),
    Faulted("webhook", "ordered", Repeat.AT_MOST_ONCE, _forgetful),
    Faulted("slack", "ordered", Repeat.AT_MOST_ONCE, _workspace),
)
