"""What expressions are given beside an event is gathered before they are evaluated on it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from switchboard.envelope import Raw, RawRef
from switchboard.errors import ConfigurationError, OurOwn, Unavailable
from switchboard.mapping import NOTHING, Asking, Given
from switchboard.reference import Lookups

Gather: TypeAlias = Callable[[Asking, dict[str, Any], RawRef | None], Given]
"""Gathers what is asked for on an event's JSON, whose payload is at the reference.

Raises EventError where it asks for too much or its payload is gone, and OurOwn where a store of
ours is away.
"""


def nothing_to_gather(asking: Asking, document: dict[str, Any], raw_ref: RawRef | None) -> Given:
    """Where neither reference data nor payloads are at hand; raises ConfigurationError."""
    del raw_ref
    if asking.raw or asking.rows(document, NOTHING):
        raise ConfigurationError("lookup() and raw() need a store to look in; there is none here")
    return NOTHING


@dataclass(frozen=True, slots=True)
class Gathering:
    """See Gather; `read` reads a payload. Expressions that ask for nothing cost no request."""

    lookups: Lookups
    read: Callable[[RawRef], Raw]

    def __call__(self, asking: Asking, document: dict[str, Any], raw_ref: RawRef | None) -> Given:
        """See Gather."""
        try:
            raw = payload(self.read(raw_ref).body) if asking.raw and raw_ref else None
            return looked_up(self.lookups, asking, document, raw)
        except Unavailable as error:
            raise OurOwn(str(error)) from error


def looked_up(lookups: Lookups, asking: Asking, document: dict[str, Any], raw: Any = None) -> Given:
    """What is asked for, where the payload is at hand; raises EventError, Unavailable."""
    rows = lookups.all(lambda found: asking.rows(document, Given(found, raw)))
    return Given(rows, raw)


def payload(body: str) -> Any:
    """A payload as expressions see it: its JSON, else its text."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body
