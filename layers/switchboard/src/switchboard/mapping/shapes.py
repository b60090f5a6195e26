"""Objects in another shape."""

from collections.abc import Iterator
from typing import Any

from switchboard.mapping.catalogue import Function, gives, refused
from switchboard.mapping.values import Impossible, text, type_name

MOST_KEYS = 2000
DEEPEST_OBJECT = 64


def flatten(value: Any, separator: Any = ".") -> dict[str, Any] | None:
    """A nested object as one level of dotted keys; elements of arrays are numbered from 0.

    What is empty stays what it is. At most 2,000 keys are made.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Impossible(f"takes an object, and found {type_name(value)}")
    flat: dict[str, Any] = {}
    for key, one in _leaves(value, "", text(separator) or ".", DEEPEST_OBJECT):
        flat[key] = one
        if len(flat) > MOST_KEYS:
            raise Impossible(f"would make an object of more than {MOST_KEYS} keys")
    return flat


def _leaves(value: Any, key: str, separator: str, depth: int) -> Iterator[tuple[str, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, one in inner:
        path = f"{key}{separator}{name}" if key else str(name)
        if isinstance(one, dict | list) and one and depth:
            yield from _leaves(one, path, separator, depth - 1)
        else:
            yield path, one


FUNCTIONS = (
    Function(
        "flatten",
        flatten,
        1,
        2,
        (
            gives('flatten(`{"a": {"b": 1, "c": {"d": 2}}}`)', {"a.b": 1, "a.c.d": 2}),
            gives('flatten(`{"a": [1, {"b": 2}]}`)', {"a.0": 1, "a.1.b": 2}),
            gives('flatten(`{"a": {"b": 1}}`, \'_\')', {"a_b": 1}),
            gives('flatten(`{"a": {}, "b": null}`)', {"a": {}, "b": None}),
            gives("flatten(nothing)", None),
            refused("flatten(`[1]`)", "takes an object, and found an array"),
        ),
    ),
)
