"""What a kind of source is: its document, and three pure functions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from switchboard.envelope import Raw
from switchboard.errors import EventError
from switchboard.event import Event


class SignatureRefused(EventError):
    """The request is not proven to be the sender's."""


class SourceDocument(BaseModel):
    """What every source's document holds; kinds add their own fields.

    `allow` are the networks that may send (empty: all). The previous secret counts for
    `rotation_hours` after a change.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tolerance_seconds: int = Field(default=300, ge=1, le=86_400)
    allow: tuple[IPv4Network | IPv6Network, ...] = ()
    rotation_hours: int = Field(default=24, ge=0, le=720)

    def allows(self, address: str) -> bool:
        """Whether `address` may send."""
        if not self.allow:
            return True
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.allow)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was received. Header names keep their case, repeated ones their order."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str = ""

    def header(self, name: str) -> str:
        """The one value of a header.

        Raises:
            SignatureRefused: it is missing, or there twice: nobody can say which one was signed.
        """
        wanted = name.lower()
        values = [value for key, value in self.headers if key.lower() == wanted]
        if not values:
            raise SignatureRefused(f"verifying: the header {name} is missing")
        if len(values) > 1:
            raise SignatureRefused(f"verifying: the header {name} is there {len(values)} times")
        return values[0]


@dataclass(frozen=True, slots=True)
class Received:
    """A verified request as an event whose `data` is still to come, and its ordering key."""

    event: Event
    group: str


Verify = Callable[[Request, Sequence[str], Any, float], float | None]
Receive = Callable[[str, Request, Any, float | None, float], Received]
Normalise = Callable[[Event, Raw], Event]


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source.

    `verify(request, secrets, document, now)` answers the signed time in epoch seconds (None: the
    scheme signs none) and raises SignatureRefused. `receive(source, request, document, signed_at,
    now)` names and orders the event; `normalise(event, raw)` gives it its type, time and data.
    Both raise EventError.
    """

    kind: str
    summary: str
    documentation: str
    document: type[SourceDocument]
    verify: Verify
    receive: Receive
    normalise: Normalise
