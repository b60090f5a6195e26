"""Which fields of events are sensitive, and that they reach only who may get them. Pure.

The document `policies/fields` marks paths of events. What a destination is sent is read off the
expressions of its mapping (`mapping.origins`): a marked field that flows into one, or what holds
it, is refused unless the destination's own document allows it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from switchboard.mapping.origins import ANY, LOOKUP, RAW, Path, path_of

POLICY = "policies/fields"


def _is_path(text: str) -> str:
    path_of(text)
    return text


def _can_be_withheld(text: str) -> str:
    if path_of(text)[0] not in MARKABLE:
        raise ValueError(
            f"{text!r} is neither in data nor in lookup; id, source, type, subject and time name an"
            " event wherever it is sent"
        )
    return text


FieldPath = Annotated[str, AfterValidator(_is_path)]
"""Fields from the event downwards, as an expression names them: `data.customer.phone`."""

MARKABLE = frozenset({"data", LOOKUP})
"""What every kind sends of an event beside its output cannot be withheld."""


class PolicyDocument(BaseModel):
    """The document `policies/fields`: which fields of events only some destinations get."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sensitive: frozenset[Annotated[FieldPath, AfterValidator(_can_be_withheld)]] = Field(
        description="Paths such as data.customer.phone, each with all beneath it; arrays are no"
        " part of a path. lookup.TABLE.COLUMN is one of reference data. Where anything is marked,"
        " the payload as it came (raw) is as well."
    )


@dataclass(frozen=True, slots=True)
class Policy:
    """The paths that are sensitive."""

    sensitive: frozenset[Path] = frozenset()

    def withheld(self, allowed: frozenset[str]) -> frozenset[Path]:
        """What somebody who is allowed these paths does not get."""
        return frozenset(path for path in self.sensitive if not _is_in(path, _paths(allowed)))

    def refused(self, flows: Iterable[Path], allowed: frozenset[str]) -> Iterator[Path]:
        """What of it `flows` would carry to somebody who is allowed these paths."""
        withheld = sorted(self.withheld(allowed))
        for flow in sorted(flows):
            if not _is_in(flow, _paths(allowed)):
                yield from (path for path in withheld if _meet(flow, path))


def policy_of(document: PolicyDocument) -> Policy:
    """The policy that a document writes down."""
    marked = {path_of(one) for one in document.sensitive}
    return Policy(frozenset({*marked, (RAW,)} if marked else ()))


def without(value: Any, paths: Iterable[Path]) -> Any:
    """A JSON value without what stands at `paths`, which begin in it."""
    if isinstance(value, list):
        return [without(one, paths) for one in value]
    if not isinstance(value, dict):
        return value
    beneath = {key: [path[1:] for path in paths if path and path[0] in (key, ANY)] for key in value}
    return {key: without(one, beneath[key]) for key, one in value.items() if () not in beneath[key]}


@lru_cache(maxsize=64)
def _paths(texts: frozenset[str]) -> tuple[Path, ...]:
    return tuple(sorted(path_of(one) for one in texts))


def _is_in(path: Path, others: Iterable[Path]) -> bool:
    return any(path[: len(one)] == one for one in others)


def _meet(flow: Path, path: Path) -> bool:
    """Whether one of them is beneath the other, or they are the same."""
    return all(one in (other, ANY) for one, other in zip(flow, path, strict=False))
