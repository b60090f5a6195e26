"""The functions of expressions as compiled mappings call them: ours, and the library's."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from jmespath.functions import REVERSE_TYPES_MAP, Functions

from switchboard.errors import ConfigurationError
from switchboard.mapping.catalogue import Function, Need
from switchboard.mapping.functions import OURS

Key: TypeAlias = Callable[[], str]
"""Gives the key for pseudonyms; raises ConfigurationError where there is none."""

LIBRARY = Functions()


def function_named(name: str, key: Key) -> Callable[..., Any]:
    """What a call of `name` runs, for a number of values that it takes."""
    ours = OURS.get(name)
    if ours is None:
        return _checked(name)
    return _keyed(ours, key) if ours.needs is Need.KEY else ours.call


def no_key() -> str:
    """The key where no destination is mapped for."""
    raise ConfigurationError("hash() and tokenise() take the key of a destination; there is none")


def _keyed(function: Function, key: Key) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        return function.call(key(), *values)

    return call


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
