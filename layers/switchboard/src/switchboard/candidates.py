"""Documents that decide deliveries: the good version serves, and a newer one is on trial.

Whoever first reads a valid new version records it as a candidate; a trial (trial.py) makes it good
or refuses it. The first version ever is good at once. A broken one is refused as any other document
is (LastGood), without a trial.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from switchboard.configuration import (
    ConfigurationStore,
    Configured,
    Judged,
    LastGood,
    Parameter,
    Status,
)
from switchboard.errors import ConfigurationError, Unavailable
from switchboard.trial import Change

LOOK_AGAIN_SECONDS = 5.0
NEVER = float("inf")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Standing(Generic[T]):
    """The good version of a document, and the one on trial with what it changes, if any is."""

    good: Configured[T]
    candidate: Configured[T] | None = None
    change: Change | None = None

    @property
    def newest(self) -> Configured[T]:
        """The version on trial, else the good one."""
        return self.candidate or self.good


@dataclass(frozen=True, slots=True)
class _Kept:
    versions: tuple[int, int]
    look_at: float
    standing: Standing[Any]


class Candidates:
    """A sandbox's view of its documents. While one is on trial, its status is read every 5 s."""

    def __init__(
        self, store: ConfigurationStore, last_good: LastGood, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._last_good = last_good
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    def stand(
        self,
        name: str,
        parameter: Parameter,
        compile_text: Callable[[str], T],
        *,
        formerly: str | None = None,
        under: int = 0,
    ) -> Standing[T]:
        """How `name` stands now that `parameter` is its newest version.

        `formerly` is the name under which the release before kept its judgements, `under` the
        version of the policy that it is compiled under.

        Raises:
            ConfigurationError: it is broken and no version of it was ever good.
        """
        now = self._clock()
        kept = self._kept.get(name)
        versions = (parameter.version, under)
        if kept is None or kept.versions != versions or now >= kept.look_at:
            look = _Look(self._store, name, parameter, compile_text, formerly)
            kept = self._looked(look, kept, versions, now)
            self._kept[name] = kept
        return kept.standing

    def last(self, name: str, compile_text: Callable[[str], T]) -> Configured[T] | None:
        """The last good version of a document that is gone, for what still names it."""
        kept = self._kept.get(name)
        if kept is not None:
            return kept.standing.good
        good = self._store.last_good(name)
        return None if good is None else Configured(compile_text(good.text), good.version)

    def version(
        self, name: str, version: int, compile_text: Callable[[str], T], *, formerly: str
    ) -> T | None:
        """What a version of `name` was; None where it is not kept or is broken.

        Raises:
            Unavailable: the store cannot be reached.
        """
        found = self._last_good.kept(name, version, compile_text)
        if found is None:
            found = self._last_good.kept(formerly, version, compile_text)
        return found

    def settled(
        self, name: str, parameter: Parameter, compile_text: Callable[[str], T]
    ) -> Configured[T]:
        """What serves of a document whose newest version serves at once, without a trial.

        Raises:
            ConfigurationError: it is broken and no version of it was ever good.
        """
        return self._last_good.judge(name, parameter, compile_text)

    def _looked(
        self, look: "_Look", kept: _Kept | None, versions: tuple[int, int], now: float
    ) -> _Kept:
        known = None if kept is None else kept.standing
        try:
            standing: Standing[Any] = look.standing(known)
        except ConfigurationError:
            good = self._last_good.judge(look.name, look.parameter, look.compile_text)
            return _Kept(versions, NEVER, Standing(good))
        except Unavailable:
            # What served goes on; where nothing did, a valid document is better than none.
            standing = known or Standing(look.compiled(None))
            return _Kept(versions, now + LOOK_AGAIN_SECONDS, standing)
        on_trial = standing.candidate is not None
        return _Kept(versions, now + LOOK_AGAIN_SECONDS if on_trial else NEVER, standing)


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at a version of a document in the configuration table."""

    store: ConfigurationStore
    name: str
    parameter: Parameter
    compile_text: Callable[[str], Any]
    formerly: str | None

    def compiled(self, known: Standing[Any] | None) -> Configured[Any]:
        """The newest version, made once; raises ConfigurationError where it is broken."""
        version = self.parameter.version
        if known is not None and known.candidate is not None and known.candidate.version == version:
            return known.candidate
        return Configured(self.compile_text(self.parameter.text), version)

    def standing(self, known: Standing[Any] | None) -> Standing[Any]:
        """How it stands, recorded as a candidate if nobody has read it before."""
        newest = self.compiled(known)
        found = self._found(newest, known)
        # A parameter that was deleted and written anew begins at version 1 again.
        if found is not None and (found.status is Status.GOOD or found.text != self.parameter.text):
            return Standing(newest)
        kept = self._last_good()
        good = None if kept is None else self._good(kept, known)
        if kept is None or good is None or kept.version == newest.version:
            self.store.decide(self.name, newest.version, Status.GOOD)
            return Standing(newest)
        if found is not None and found.status is Status.REFUSED and found.trial:
            return Standing(good)
        change = Change(self.name, newest.version, self.parameter.text, kept.version, kept.text)
        return Standing(good, newest, change)

    def _found(self, newest: Configured[Any], known: Standing[Any] | None) -> Judged | None:
        if known is not None and known.candidate is newest:
            return self.store.version(self.name, newest.version)
        return self.store.record(
            Judged(self.name, newest.version, Status.CANDIDATE, self.parameter.text)
        )

    def _last_good(self) -> Judged | None:
        good = self.store.last_good(self.name)
        if good is None and self.formerly is not None:
            good = self.store.last_good(self.formerly)
        return good

    def _good(self, kept: Judged, known: Standing[Any] | None) -> Configured[Any] | None:
        """The good version made ready; None where this release cannot read it any more."""
        if known is not None and known.good.version == kept.version:
            return known.good
        try:
            return Configured(self.compile_text(kept.text), kept.version)
        except ConfigurationError:
            return None
