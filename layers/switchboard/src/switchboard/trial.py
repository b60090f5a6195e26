"""A trial: new versions of a destination's documents serve a few deliveries before they serve all.

The first `DELIVERIES` deliveries go out under the versions on trial, the others under the good
ones. What is on trial together is one trial: a document, the mapping it names, or both. Only what
the versions may be blamed for counts against them: an event that cannot be mapped, and a vendor's
final no. All here is a function of values; the store is a port.
"""

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from switchboard.errors import ReasonClass

DELIVERIES = 20
ALLOWED_WITHOUT_HISTORY = 0.2
PATIENCE_SECONDS = 60 * 60.0
ENOUGH = DELIVERIES // 2
HOUR = 60 * 60


class Ending(StrEnum):
    """How a delivery on trial ended."""

    DELIVERED = "delivered"
    FAILED = "failed"
    OTHER = "other"


class Verdict(StrEnum):
    """What a trial decides, once."""

    GOOD = "good"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Change:
    """A version of a document on trial, and the good one that it would follow."""

    name: str
    version: int
    text: str
    good_version: int
    good_text: str


@dataclass(frozen=True, slots=True)
class OnTrial:
    """What one destination tries. `versions` are those of its document and its mapping."""

    destination: str
    changes: tuple[Change, ...]
    versions: tuple[int | None, int | None]

    @property
    def key(self) -> str:
        """Names the trial among all: other versions are another trial, with its own count."""
        return trial_key(
            self.destination, [(change.name, change.version) for change in self.changes]
        )

    def difference(self) -> Sequence[str]:
        """What changed, line by line. Documents hold no secrets."""
        return [
            line
            for change in self.changes
            for line in difference(
                change.good_text,
                change.text,
                f"{change.name} version {change.good_version}",
                f"{change.name} version {change.version}",
            )
        ]


def trial_key(destination: str, versions: Sequence[tuple[str, int]]) -> str:
    """The key of the trial of these versions: the document first, then its mapping."""
    return f"{destination}#{'+'.join(f'{name}:{version}' for name, version in versions)}"


@dataclass(frozen=True, slots=True)
class Tally:
    """What the shared counter says: deliveries begun, and how many of them ended how."""

    taken: int = 0
    delivered: int = 0
    failed: int = 0
    other: int = 0
    taken_at: float = 0.0
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Deliveries of one destination within an hour, under good versions."""

    delivered: int = 0
    failed: int = 0


class TrialStore(Protocol):
    """The shared counters. Every method raises Unavailable where they cannot be reached."""

    def take(self, key: str, now: float) -> bool:
        """Count one more delivery as begun, if fewer than DELIVERIES are and nothing is decided."""
        ...

    def settle(self, key: str, ending: Ending) -> Tally:
        """Count an ending, unless the trial is decided; the tally as it is now."""
        ...

    def read(self, key: str) -> Tally:
        """The tally."""
        ...

    def conclude(self, key: str, verdict: Verdict) -> Verdict:
        """Decide; the verdict that stands, which may be an earlier one."""
        ...

    def add(self, destination: str, hour: int, outcomes: Outcomes) -> None:
        """Add to the outcomes of an hour (of the epoch)."""
        ...

    def outcomes(self, destination: str, hour: int) -> Outcomes:
        """The outcomes of an hour."""
        ...


def ending_of(reason: ReasonClass | None) -> Ending:
    """The ending that a failure of this class is."""
    counts = reason in {ReasonClass.EVENT, ReasonClass.REJECTED}
    return Ending.FAILED if counts else Ending.OTHER


def allowed_ratio(hours: Sequence[Outcomes]) -> float:
    """The share of failures that the good versions had; without any history, a fifth."""
    failed = sum(hour.failed for hour in hours)
    total = failed + sum(hour.delivered for hour in hours)
    return failed / total if total else ALLOWED_WITHOUT_HISTORY


def verdict_on(tally: Tally, allowed: float, now: float) -> Verdict | None:
    """What the tally decides; None: nothing yet.

    Refused as soon as the rest could not save it. Deliveries that have not ended an hour after the
    last one began are not waited for, if at least half of all have. Where nothing was delivered
    the versions are refused, whatever the reasons were.
    """
    if tally.verdict is not None:
        return tally.verdict
    if tally.failed > allowed * DELIVERIES:
        return Verdict.REFUSED
    counted = tally.delivered + tally.failed
    if counted + tally.other < DELIVERIES:
        patient = tally.taken < DELIVERIES or now - tally.taken_at <= PATIENCE_SECONDS
        if patient or counted < ENOUGH:
            return None
    if tally.delivered == 0 or tally.failed > allowed * counted:
        return Verdict.REFUSED
    return Verdict.GOOD


def difference(before: str, after: str, before_name: str, after_name: str) -> Sequence[str]:
    """The change between two documents as a person reads them, line by line."""
    return list(
        difflib.unified_diff(
            _readable(before), _readable(after), before_name, after_name, lineterm=""
        )
    )


def _readable(text: str) -> list[str]:
    if not text:
        return []
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False).splitlines()
    except ValueError:
        return text.splitlines()
