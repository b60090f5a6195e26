"""The shape of an event type, as it is stored: what its first events had, and what it became."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from switchboard.fingerprint import MOST_PATHS, NULL, Fingerprint

LEARNING = 500
ALWAYS = 0.95
MOST_FINDINGS = 30


class Drift(StrEnum):
    """What happened to a path."""

    NEW = "new"
    RENAMED = "renamed"
    RETYPED = "retyped"
    VANISHED = "vanished"


class Finding(BaseModel):
    """A difference that stays; `before` is the path it had, or the types. `example` is masked."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    drift: Drift
    path: str
    before: str = ""
    kinds: tuple[str, ...] = ()
    example: str = ""
    found_at: str = ""


class Known(BaseModel):
    """A path: the types that it was seen with, and in how many of the events learned from."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kinds: tuple[str, ...] = ()
    seen: int = 0


class Suspect(BaseModel):
    """A path that is different lately: how often, and how. `absent`: what was missing with it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    count: int
    kinds: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    example: str = ""


class Suspects(BaseModel):
    """What a sandbox counts, for the one that comes after it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    fresh: Mapping[str, Suspect] = {}
    turned: Mapping[str, Suspect] = {}
    missing: Mapping[str, int] = {}


class Shape(BaseModel):
    """The shape of an event type, as it is stored: `seen` events were learned from.

    `written_at` is in epoch seconds.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    seen: int = 0
    paths: Mapping[str, Known] = {}
    findings: tuple[Finding, ...] = ()
    suspects: Suspects = Suspects()
    written_at: float = 0.0
    revision: int = 0

    @property
    def is_learned(self) -> bool:
        """Whether it has seen enough to say what is different."""
        return self.seen >= LEARNING

    def always(self) -> frozenset[str]:
        """The paths that nearly every event has."""
        least = ALWAYS * self.seen
        return frozenset(path for path, known in self.paths.items() if known.seen >= least)

    def learned(self, lesson: "Lesson") -> "Shape":
        """The shape after more events."""
        paths = dict(self.paths)
        for path, kinds in lesson.kinds.items():
            known = paths.get(path, Known())
            if path in paths or len(paths) < MOST_PATHS:
                more = _joined(known.kinds, kinds)
                paths[path] = Known(kinds=more, seen=known.seen + lesson.counts[path])
        return self._changed(seen=self.seen + lesson.seen, paths=paths)

    def after(self, verdict: "Verdict", now: str) -> "Shape":
        """The shape once something different is what it has."""
        paths = dict(self.paths)
        for path, kinds in verdict.kinds.items():
            known = paths.get(path, Known())
            paths[path] = Known(kinds=_joined(known.kinds, kinds), seen=known.seen)
        for path in verdict.gone:
            paths[path] = Known(kinds=paths[path].kinds)
        found = [one.model_copy(update={"found_at": now}) for one in verdict.findings]
        return self._changed(paths=paths, findings=(*self.findings, *found)[-MOST_FINDINGS:])

    def suspecting(self, suspects: Suspects) -> "Shape":
        """The shape with what a sandbox counts now."""
        return self._changed(suspects=suspects)

    def _changed(self, **fields: Any) -> "Shape":
        return self.model_copy(update={**fields, "revision": self.revision + 1})


def _joined(some: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*some, *others} - {NULL}))


@dataclass(slots=True)
class Lesson:
    """What some events had."""

    seen: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, set[str]] = field(default_factory=dict)

    def add(self, found: Fingerprint) -> None:
        """One event more."""
        self.seen += 1
        for path in {path for path, _ in found}:
            self.counts[path] += 1
        for path, kind in found:
            self.kinds.setdefault(path, set()).add(kind)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is different for good: `kinds` are to be added to paths, and `gone` are not awaited."""

    findings: Sequence[Finding]
    kinds: Mapping[str, Collection[str]]
    gone: Collection[str] = ()
