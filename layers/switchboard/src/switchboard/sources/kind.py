"""What a kind of source is: its document, its secret, and how its payloads become events."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from switchboard.envelope import Raw
from switchboard.event import Event
from switchboard.sources.signatures import Doubt, SignatureRefused
from switchboard.sources.tenant import UNSAID, Tenant


class SourceDocument(BaseModel):
    """A source's document; kinds add their fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WebhookDocument(SourceDocument):
    """What every webhook source's document holds; kinds add their own fields."""

    allow: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(), description="Networks that may send; none: all may."
    )
    rotation_hours: int = Field(
        default=24,
        ge=0,
        le=720,
        description="How long the previous secret is accepted after a change.",
    )

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
            SignatureRefused: it is missing, or there twice: nobody can say which one is meant.
        """
        value = self.optional_header(name)
        if value is None:
            raise SignatureRefused(Doubt.MISSING, f"verifying: the header {name} is missing")
        return value

    def optional_header(self, name: str) -> str | None:
        """The one value of a header, or None without it.

        Raises:
            SignatureRefused: it is there twice.
        """
        wanted = name.lower()
        values = [value for key, value in self.headers if key.lower() == wanted]
        if len(values) > 1:
            raise SignatureRefused(
                Doubt.AMBIGUOUS, f"verifying: the header {name} is there {len(values)} times"
            )
        return values[0].strip(" \t") if values else None


@dataclass(frozen=True, slots=True)
class Received:
    """What arrived as an event whose `data` is still to come, and its ordering key."""

    event: Event
    group: str


class Normalise(Protocol):
    """How an event that arrived gets its type and data from its payload."""

    def __call__(self, event: Event, raw: Raw, tenant: Tenant = UNSAID, /) -> Event:
        """The canonical event.

        Raises:
            EventError: the payload has a shape of which nothing can be made.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """A kind of source; its functions are pure.

    `secret_fields` are those of its sources' secrets.
    """

    kind: str
    summary: str
    documentation: str
    document: type[SourceDocument]
    secret_fields: tuple[str, ...]
    normalise: Normalise


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookKind(SourceKind):
    """A kind of source that sends requests; how one is proven to be the sender's, its kinds say.

    `receive(source, request, document, signed_at, now)` names and orders the event and raises
    EventError.
    """

    document: type[WebhookDocument]
    receive: Callable[[str, Request, Any, float | None, float], Received]

    @property
    def secret_field(self) -> str:
        """The one field of its sources' secrets."""
        return self.secret_fields[0]

    @abstractmethod
    def verify(
        self, request: Request, secrets: Sequence[str], document: Any, now: float
    ) -> float | None:
        """Check that one of the secrets was used, and the age of a signed time.

        Returns:
            The signed time in epoch seconds; None where none is signed.

        Raises:
            SignatureRefused: it is not proven to be the sender's.
            ConfigurationError: nothing fits, and a secret is written in a way that cannot be used.
        """
