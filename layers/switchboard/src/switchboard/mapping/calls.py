"""The functions of expressions as compiled mappings call them: ours, and the library's."""

from collections.abc import Callable, Sequence
from typing import Any

from jmespath.functions import REVERSE_TYPES_MAP, Functions

from switchboard.mapping.functions import OURS

LIBRARY = Functions()


def function_named(name: str) -> Callable[..., Any]:
    """What a call of `name` runs, for a number of values that it takes."""
    ours = OURS.get(name)
    return ours[0] if ours is not None else _checked(name)


def _checked(name: str) -> Callable[..., Any]:
    """A function of the library's; a look at the types of its values is enough where they fit."""
    spec = Functions.FUNCTION_TABLE[name]
    function, signature = spec["function"], spec["signature"]
    allowed = [_classes(one["types"]) for one in signature]
    if any(one.get("variadic") for one in signature) or any(one is None for one in allowed):
        return lambda *values: LIBRARY.call_function(name, values)

    def call(*values: Any) -> Any:
        for value, classes in zip(values, allowed, strict=True):
            if classes and type(value).__name__ not in classes:
                return LIBRARY.call_function(name, values)
        return function(LIBRARY, *values)

    return call


def _classes(types: Sequence[str]) -> frozenset[str] | None:
    """The names of Python's types; empty: any; None: what is in an array matters too."""
    if any("-" in one for one in types):
        return None
    return frozenset(name for one in types for name in REVERSE_TYPES_MAP[one])
