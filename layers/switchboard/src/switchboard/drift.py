"""Drift: an event type whose payloads are not of the shape any more that they had. Pure.

    observe (one event) → compare (with the stored shape) → decide (what is different for good)

The first events of a type are learned from. After them a path that was never there is *new*, or a
*renamed* one where one of a like name, or one alone, is missing whenever it is there; a path that
is of another type twenty times in a row, without being of its own in between, is *retyped*; and one
that was nearly always there and is missing a hundred times in a row has *vanished*. What is of one
type now and of another then floats, and is learned without a word.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Self

from switchboard.fingerprint import KINDS, MOST_PATHS, NULL, Fingerprint, example, parent
from switchboard.shape import Drift, Finding, Shape, Suspect, Suspects, Verdict

ALIKE = 0.5
NEW_AFTER, RETYPED_AFTER, VANISHED_AFTER = 3, 20, 100
MOST_FRESH, MOST_ABSENT = 30, 10


@dataclass(frozen=True, slots=True)
class Usual:
    """What events of a shape have: nearly always these paths, and none but these pairs."""

    always: frozenset[str]
    pairs: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, shape: Shape, documented: Collection[str]) -> Self:
        """That of a learned shape. A documented path that never came may be of any type."""
        pairs = {(path, kind) for path, one in shape.paths.items() for kind in (*one.kinds, NULL)}
        never = (path for path in documented if path not in shape.paths)
        pairs |= {(path, kind) for path in never for kind in (*KINDS, NULL)}
        return cls(shape.always(), frozenset(pairs))

    def holds(self, found: Fingerprint) -> bool:
        """Whether nothing of an event is different: so it is with nearly all of them."""
        return self.pairs.issuperset(found) and self.always.issubset([path for path, _ in found])


@dataclass(frozen=True, slots=True)
class Comparison:
    """An event beside the shape: paths nobody knows, paths of another type, paths not there."""

    unknown: Mapping[str, frozenset[str]]
    odd: Mapping[str, frozenset[str]]
    usual: frozenset[str]
    absent: frozenset[str]


def compare(
    found: Fingerprint, shape: Shape, always: Collection[str], documented: Collection[str]
) -> Comparison:
    """What of an event is different. A documented path is never unknown."""
    kinds: dict[str, set[str]] = {}
    for path, kind in found:
        kinds.setdefault(path, set()).add(kind)
    unknown, odd, usual = {}, {}, set()
    for path, seen in kinds.items():
        known = shape.paths.get(path)
        others = frozenset(seen) - {NULL, *(known.kinds if known else ())}
        if known is None:
            if path not in documented and len(shape.paths) < MOST_PATHS:
                unknown[path] = others
        elif not others or not known.kinds:
            usual.add(path)
        elif frozenset(seen) - others - {NULL}:
            continue
        else:
            odd[path] = others
    absent = frozenset(path for path in always if path not in kinds)
    return Comparison(unknown, odd, frozenset(usual), absent)


@dataclass(slots=True)
class Sighting:
    """A path that nobody knows: how often it came, its types, and what was absent each time."""

    count: int
    kinds: set[str]
    absent: frozenset[str]
    example: str


@dataclass(slots=True)
class Suspicions:
    """What was different lately, of one event type, in one sandbox and in those before it."""

    fresh: dict[str, Sighting] = field(default_factory=dict)
    turned: dict[str, int] = field(default_factory=dict)
    turned_to: dict[str, set[str]] = field(default_factory=dict)
    floating: dict[str, set[str]] = field(default_factory=dict)
    missing: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: Suspects) -> Self:
        """To go on counting where another sandbox ended."""
        fresh, turned = kept.fresh.items(), kept.turned.items()
        return cls(
            fresh={
                path: Sighting(one.count, {*one.kinds}, frozenset(one.absent), one.example)
                for path, one in fresh
            },
            turned={path: one.count for path, one in turned},
            turned_to={path: {*one.kinds} for path, one in turned},
            missing=Counter(kept.missing),
            examples={path: one.example for path, one in turned},
        )

    def kept(self) -> Suspects:
        """What another sandbox is to go on with: of new paths the most frequent ones.

        An event that lacks a lot beside what is new in it is odd altogether.
        """
        near = {path: _near(path, one.absent) for path, one in self.fresh.items()}
        worth = [path for path, absent in near.items() if len(absent) <= MOST_ABSENT]
        worth.sort(key=lambda path: (-self.fresh[path].count, path))
        return Suspects(
            fresh={
                path: Suspect(
                    count=one.count,
                    kinds=tuple(sorted(one.kinds)),
                    absent=near[path],
                    example=one.example,
                )
                for path in worth[:MOST_FRESH]
                for one in [self.fresh[path]]
            },
            turned={
                path: Suspect(
                    count=count,
                    kinds=tuple(sorted(self.turned_to[path])),
                    example=self.examples[path],
                )
                for path, count in self.turned.items()
            },
            missing=dict(self.missing),
        )

    @property
    def are_any(self) -> bool:
        """Whether an event that is as usual ends one."""
        return bool(self.turned or self.missing)

    def observe(self, seen: Comparison, data: Any) -> None:
        """One event more."""
        for path in [path for path in self.missing if path not in seen.absent]:
            del self.missing[path]
        self.missing.update(seen.absent)
        for path in [path for path in self.turned if path in seen.usual]:
            del self.turned[path], self.examples[path]
            self.floating[path] = self.turned_to.pop(path)
        for path, kinds in seen.odd.items():
            self.turned[path] = self.turned.get(path, 0) + 1
            self.turned_to.setdefault(path, set()).update(kinds)
            self.examples[path] = example(data, path)
        for path, kinds in seen.unknown.items():
            before = self.fresh.get(path)
            if before is None:
                self.fresh[path] = Sighting(1, set(kinds), seen.absent, example(data, path))
            else:
                before.count += 1
                before.kinds |= kinds
                before.absent &= seen.absent

    def prune(self, shape: Shape) -> None:
        """Forget what the shape has learned, from this sandbox or from another."""
        known, always = shape.paths, shape.always()
        self.fresh = {path: one for path, one in self.fresh.items() if path not in known}
        self.floating = {
            path: kinds for path, kinds in self.floating.items() if kinds - {*known[path].kinds}
        }
        for path in [p for p, kinds in self.turned_to.items() if kinds <= {*known[p].kinds}]:
            del self.turned[path], self.turned_to[path], self.examples[path]
        for path in [path for path in self.missing if path not in always]:
            del self.missing[path]

    def decide(self, shape: Shape) -> Verdict | None:
        """What has been different for long enough; None: nothing has."""
        new = {p: one for p, one in self.fresh.items() if one.count >= NEW_AFTER}
        retyped = [p for p, count in self.turned.items() if count >= RETYPED_AFTER]
        gone = {p for p, count in self.missing.items() if count >= VANISHED_AFTER}
        if not (new or retyped or gone or self.floating):
            return None
        told = {*new, *self.turned}  # what is in them goes without saying
        apart = {path: one for path, one in new.items() if parent(path) not in told}
        old = self._renamed(apart, shape)
        renamed = {path for path in shape.paths if _is_of(path, old.values())}
        findings = [_appeared(path, one, old.get(path)) for path, one in apart.items()]
        findings += [self._retyped(path, shape) for path in retyped]
        findings += [
            Finding(drift=Drift.VANISHED, path=path, kinds=shape.paths[path].kinds)
            for path in sorted(gone)
            if parent(path) not in gone and path not in renamed
        ]
        kinds = {
            **{path: one.kinds for path, one in new.items()},
            **{path: self.turned_to[path] for path in retyped},
            **self.floating,
        }
        return Verdict(findings, kinds, gone | renamed)

    def _renamed(self, new: Mapping[str, Sighting], shape: Shape) -> Mapping[str, str]:
        """The old path of each that is a renamed one: of a like name, or the only one it can be.

        The only one is missing since then, and no other path could be it: nor could one that came
        less often yet. What is there only where another is missing is no other name of it.
        """
        candidates = {path: _candidates(path, one, shape) for path, one in self.fresh.items()}
        found = _alike({path: candidates[path] for path in new})
        taken = {*found.values()}
        left = {path: olds - taken for path, olds in candidates.items() if path not in found}
        claimed = Counter(old for olds in left.values() for old in olds)
        for path in new.keys() & left.keys():
            for old in left[path] if len(left[path]) == 1 else ():
                if claimed[old] == 1 and self.missing[old] >= new[path].count:
                    found[path] = old
        return found

    def _retyped(self, path: str, shape: Shape) -> Finding:
        return Finding(
            drift=Drift.RETYPED,
            path=path,
            before=" or ".join(shape.paths[path].kinds),
            kinds=tuple(sorted(self.turned_to[path])),
            example=self.examples[path],
        )


def _is_of(path: str, others: Collection[str]) -> bool:
    """Whether it is one of these, or in one."""
    return path in others or any(path.startswith((f"{one}.", f"{one}[]")) for one in others)


def _near(path: str, absent: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(old for old in absent if parent(old) == parent(path)))


def _candidates(path: str, one: Sighting, shape: Shape) -> frozenset[str]:
    """The old paths that a new one may have had: neighbours, missing each time it was there."""
    return frozenset(
        old for old in _near(path, one.absent) if set(shape.paths[old].kinds) & one.kinds
    )


def _alike(candidates: Mapping[str, Collection[str]]) -> dict[str, str]:
    """The candidate of a like name, of each path that has one."""
    pairs = [
        (SequenceMatcher(None, old, path).ratio(), path, old)
        for path, olds in candidates.items()
        for old in olds
    ]
    found: dict[str, str] = {}
    for ratio, path, old in sorted(pairs, reverse=True):
        if ratio >= ALIKE and path not in found and old not in found.values():
            found[path] = old
    return found


def _appeared(path: str, one: Sighting, before: str | None) -> Finding:
    kinds = tuple(sorted(one.kinds))
    if before is None:
        return Finding(drift=Drift.NEW, path=path, kinds=kinds, example=one.example)
    return Finding(drift=Drift.RENAMED, path=path, before=before, kinds=kinds, example=one.example)
