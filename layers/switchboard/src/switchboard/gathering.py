"""What expressions are given beside an event is gathered before they are evaluated on it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from switchboard.envelope import Raw, RawRef
from switchboard.errors import ConfigurationError, OurOwn, Unavailable
from switchboard.mapping import NOTHING, Asking, Given
from switchboard.reference import Lookups


class Gather(Protocol):
    """Gathers what is asked for on an event's JSON, whose payload is at the reference."""

    def __call__(
        self, asking: Asking, document: dict[str, Any], raw_ref: RawRef | None, /
    ) -> Given:
        """What is asked for.

        Raises:
            EventError: it asks for too much, or its payload is gone.
            OurOwn: a store of ours is away.
        """
        ...

    def prefetch(self, asking: Asking, documents: Sequence[dict[str, Any]]) -> None:
        """Read together what is asked for on several events: each one's gathering finds it kept.

        Never fails: what cannot be read is that event's trouble which needs it. Payloads are not
        read, and a key that is in one is not either.
        """
        ...


class _NothingToGather:
    """See Gather; `__call__` raises ConfigurationError where anything is asked for."""

    def __call__(
        self, asking: Asking, document: dict[str, Any], raw_ref: RawRef | None, /
    ) -> Given:
        del raw_ref
        if asking.raw or asking.rows(document, NOTHING):
            raise ConfigurationError(
                "lookup() and raw() need a store to look in; there is none here"
            )
        return NOTHING

    def prefetch(self, asking: Asking, documents: Sequence[dict[str, Any]]) -> None:
        """See Gather."""


nothing_to_gather = _NothingToGather()
"""Where neither reference data nor payloads are at hand."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """See Gather; `read` reads a payload. Expressions that ask for nothing cost no request."""

    lookups: Lookups
    read: Callable[[RawRef], Raw]

    def __call__(
        self, asking: Asking, document: dict[str, Any], raw_ref: RawRef | None, /
    ) -> Given:
        """See Gather."""
        try:
            raw = payload(self.read(raw_ref).body) if asking.raw and raw_ref else None
            return looked_up(self.lookups, asking, document, raw)
        except Unavailable as error:
            raise OurOwn(str(error)) from error

    def prefetch(self, asking: Asking, documents: Sequence[dict[str, Any]]) -> None:
        """See Gather."""
        self.lookups.prefetch([asking.about(document, None) for document in documents])


def looked_up(lookups: Lookups, asking: Asking, document: dict[str, Any], raw: Any = None) -> Given:
    """What is asked for, where the payload is at hand; raises EventError, Unavailable."""
    return Given(lookups.all(asking.about(document, raw)), raw)


def payload(body: str) -> Any:
    """A payload as expressions see it: its JSON, else its text."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body
