"""What a function of our expressions is: its code, how many values it takes, and its examples.

Examples are its documentation and its tests: each is evaluated, and shown in the reference.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, str]
"""A row of reference data: its columns; what was empty is not among them."""

Find: TypeAlias = Callable[[str, str], Row | None]
"""Finds a row by its table and key; None: there is none."""


class Need(StrEnum):
    """What a function takes beside its values."""

    KEY = "key"
    """The key of the destination that is mapped for."""
    REFERENCE = "reference"
    """Rows of reference data: a Find."""
    RAW = "raw"
    """The payload as the source sent it."""


@dataclass(frozen=True, slots=True)
class Example:
    """An expression over an empty document, and what it gives, or why it is refused.

    What it finds beside that is `beside.EXAMPLE`.
    """

    expression: str
    gives: Any = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """A function. `call` takes JSON values, and raises Impossible for one that it cannot take.

    What it `needs` beside them is the first value of `call`.
    """

    name: str
    call: Callable[..., Any]
    fewest: int
    most: int
    examples: Sequence[Example]
    needs: Need | None = None

    @property
    def summary(self) -> str:
        """What it gives, in one sentence."""
        return str(self.call.__doc__).strip().split("\n\n", 1)[0]


def gives(expression: str, value: Any) -> Example:
    """An example with a value."""
    return Example(expression, gives=value)


def refused(expression: str, why: str) -> Example:
    """An example with a value that the function cannot take."""
    return Example(expression, refused=why)
