"""Watching for drift in one sandbox, over the shapes that all of them share.

A shape is read when the first event of its type comes, and written while it is learned (at first,
then once for fifty events or ten minutes), and later when something changed for good; what is
suspected of a type that is seldom here is written once in ten minutes, so that the next sandbox
goes on counting. No item is ever hot.
Whoever writes a finding tells of it; the others find it written, so each is told once.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from switchboard.drift import VANISHED_AFTER, Suspicions, Usual, compare
from switchboard.errors import SwitchboardError
from switchboard.event import Event, utc_text
from switchboard.fingerprint import FLOATING, Fingerprint, fingerprint, shown
from switchboard.shape import Finding, Lesson, Shape, Suspects, Verdict
from switchboard.sources.stream_vocabulary import DOCUMENTED
from switchboard.telemetry import Telemetry

LESSON_EVENTS = 50
LESSON_SECONDS = 600.0
AGAIN_SECONDS = 30.0
MOST_TYPES = 300
TRIES = 3


class Shapes(Protocol):
    """The store of shapes, one for each source and event type."""

    def read_shape(self, source: str, name: str) -> Shape:
        """The shape of the type `name`, as the last write left it; an empty one if there is none.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...

    def write_shape(self, source: str, name: str, shape: Shape) -> bool:
        """Write `shape` if the stored one is the revision before.

        Returns:
            Whether it was written.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...


@dataclass(slots=True)
class _Watched:
    """An event type as this sandbox knows it."""

    source: str
    name: str
    documented: Collection[str]
    shape: Shape
    seen: int = 0
    usual: Usual | None = None
    lesson: Lesson = field(default_factory=Lesson)
    suspicions: Suspicions = field(default_factory=Suspicions)

    def take(self, shape: Shape) -> None:
        """Go on with another shape."""
        self.shape = shape
        if shape.is_learned:
            self.usual = Usual.of(shape, self.documented)
            self.suspicions.prune(shape)

    def go_on(self) -> None:
        """Take over what was counted before."""
        self.suspicions = Suspicions.of(self.shape.suspects)
        self.take(self.shape)

    def observe(self, found: Fingerprint, data: Any) -> None:
        """One event more."""
        self.seen += 1
        usual = self.usual
        if usual is None:
            self.lesson.add(found)
        elif self.suspicions.are_any or not usual.holds(found):
            seen = compare(found, self.shape, usual.always, self.documented)
            self.suspicions.observe(seen, data)


class DriftWatch:
    """Takes events as they are routed; `settle` writes what is to be written of them."""

    def __init__(self, shapes: Shapes, clock: Callable[[], float], telemetry: Telemetry) -> None:
        self._shapes = shapes
        self._clock = clock
        self._telemetry = telemetry
        self._watched: dict[tuple[str, str], _Watched] = {}
        self._touched: dict[tuple[str, str], _Watched] = {}
        self._not_before = 0.0

    def observe(self, kind: str, event: Event) -> None:
        """One event of a source of kind `kind`; where the store is away, it is not seen."""
        data = shown(kind, event)
        watched = None if data is None else self._of(kind, event)
        if watched is not None:
            watched.observe(fingerprint(data, floating=kind in FLOATING), data)
            self._touched[watched.source, watched.name] = watched

    def settle(self) -> None:
        """Write what changed, once for each type that was observed since the last time."""
        if self._clock() >= self._not_before:
            try:
                for watched in self._touched.values():
                    self._settle(watched)
            except SwitchboardError:
                self._not_before = self._clock() + AGAIN_SECONDS
            else:
                self._touched = {}

    def _of(self, kind: str, event: Event) -> _Watched | None:
        key = event.source, event.type
        if key not in self._watched:
            if len(self._watched) >= MOST_TYPES or self._clock() < self._not_before:
                return None
            documented = DOCUMENTED if kind in FLOATING else frozenset[str]()
            try:
                shape = self._shapes.read_shape(*key)
            except SwitchboardError:
                self._not_before = self._clock() + AGAIN_SECONDS
                return None
            watched = _Watched(*key, documented, shape)
            watched.go_on()
            self._watched[key] = watched
        return self._watched[key]

    def _settle(self, watched: _Watched) -> None:
        for _ in range(TRIES):
            verdict = self._verdict(watched)
            lesson = self._lesson(watched)
            if verdict is not None:
                changed = watched.shape.after(verdict, self._now())
            elif lesson is not None:
                changed = watched.shape.learned(lesson)
            elif (suspects := self._suspects(watched)) is not None:
                changed = watched.shape.suspecting(suspects)
            else:
                return
            changed = changed.model_copy(update={"written_at": self._clock()})
            if self._shapes.write_shape(watched.source, watched.name, changed):
                watched.lesson = Lesson()
                watched.take(changed)
                for finding in () if verdict is None else verdict.findings:
                    self._tell(watched, finding)
                return
            watched.take(self._shapes.read_shape(watched.source, watched.name))

    def _now(self) -> str:
        return utc_text(datetime.fromtimestamp(self._clock(), UTC))

    def _verdict(self, watched: _Watched) -> Verdict | None:
        return watched.suspicions.decide(watched.shape) if watched.shape.is_learned else None

    def _lesson(self, watched: _Watched) -> Lesson | None:
        """What is to be learned now: enough of it; of a rare type, or at first, all there is."""
        lesson, shape = watched.lesson, watched.shape
        waited = shape.seen == 0 or self._is_quiet(shape)
        is_due = lesson.seen >= (1 if waited else LESSON_EVENTS)
        return lesson if is_due and not shape.is_learned else None

    def _suspects(self, watched: _Watched) -> Suspects | None:
        """What is to be kept for other sandboxes: what changed, once in a while.

        Of a type that is frequent here, this sandbox finds out by itself.
        """
        is_seldom = watched.seen <= VANISHED_AFTER
        if not is_seldom or not watched.shape.is_learned or not self._is_quiet(watched.shape):
            return None
        kept = watched.suspicions.kept()
        return None if kept == watched.shape.suspects else kept

    def _is_quiet(self, shape: Shape) -> bool:
        return self._clock() - shape.written_at >= LESSON_SECONDS

    def _tell(self, watched: _Watched, finding: Finding) -> None:
        self._telemetry.count(
            "drift", source=watched.source, type=watched.name, drift=str(finding.drift)
        )
        self._telemetry.warn(
            "an event type drifts",
            source=watched.source,
            type=watched.name,
            **finding.model_dump(exclude={"found_at"}, mode="json"),
        )
