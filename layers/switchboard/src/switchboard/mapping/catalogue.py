"""What a function of our expressions is: its code, how many values it takes, and its examples.

Examples are its documentation and its tests: each is evaluated, and shown in the reference.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """An expression over an empty document, and what it gives, or why it is refused."""

    expression: str
    gives: Any = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """A function. `call` takes JSON values, and raises Impossible for one that it cannot take.

    `needs_key`: the first value of `call` is the key of the destination that is mapped for.
    """

    name: str
    call: Callable[..., Any]
    fewest: int
    most: int
    examples: Sequence[Example]
    needs_key: bool = False

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
