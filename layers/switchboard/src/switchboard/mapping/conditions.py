"""JMESPath's truth and order, as source over the names of values."""

from collections.abc import Callable, Mapping
from typing import Any

from switchboard.mapping.grammar import Node

TRUE_OR_FALSE = frozenset({"not_expression", "comparator"})


def flattened(base: Any) -> list[Any] | None:
    """`[]` of the language: one level of nested arrays is taken away."""
    if not isinstance(base, list):
        return None
    merged: list[Any] = []
    for element in base:
        if isinstance(element, list):
            merged.extend(element)
        else:
            merged.append(element)
    return merged


def is_ordered(node: Node) -> bool:
    """Whether it is known beforehand that a value is a number or a text."""
    value = node.get("value")
    return (
        node["type"] == "literal"
        and isinstance(value, int | float | str)
        and value is not True
        and value is not False
    )


def ordered(name: str) -> str:
    """Whether a value can be less than another: a number or a text."""
    return f"isinstance({name}, (int, float, str)) and type({name}) is not bool"


def false(name: str, node: Node) -> str:
    """Whether a value is false in JMESPath's sense: 0 is true."""
    if node["type"] in TRUE_OR_FALSE:
        return f"not {name}"
    return untrue(name)


def untrue(name: str) -> str:
    """Whether a value is null, false, or an empty text, array or object."""
    return f"(not {name} and type({name}) is not int and type({name}) is not float)"


def _coalesced(*names: str) -> str:
    chosen = [f"{name} if {name} is not None and {name} != '' else " for name in names]
    return "".join(chosen) + "None"


def _chosen(condition: str, then: str, otherwise: str = "None") -> str:
    return f"{otherwise} if {untrue(condition)} else {then}"


IN_PLACE: Mapping[str, Callable[..., str]] = {"coalesce": _coalesced, "when": _chosen}
"""Functions that are shorter than a call of them."""
