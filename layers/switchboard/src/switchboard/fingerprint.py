"""The shape of an event's data: its paths, and the JSON types of what is there. Pure.

8x8's stream writes a value with quotes or without, value by value, so that a text, a number and a
boolean are one there: `scalar`. What has two forms by design (`attachedData`) is taken after it
was read.
"""

from collections.abc import Mapping
from typing import Any

from switchboard.event import Event

FLOATING = frozenset({"stream", "sapi"})
DETAILED = frozenset({"jaas", "connect_sms", "connect_chat_apps"})
"""Kinds whose events have what came under `details`, beside fields of our own."""
DEEPEST = 6
MOST_PATHS = 300
LONGEST_NAME = 80
NULL = "null"
KINDS = ("boolean", "list", "number", "object", "scalar", "text")

Fingerprint = tuple[tuple[str, str], ...]
"""Paths and what is there, each pair once: `("data.queues[]", "text")`."""

_TYPED: Mapping[type, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "boolean",
    dict: "object",
    list: "list",
}
_FLOATS: Mapping[type, str] = {
    **dict.fromkeys((str, int, float, bool), "scalar"),
    dict: "object",
    list: "list",
}


def shown(kind: str, event: Event) -> Any:
    """What the sender wrote of an event, of a source of kind `kind`; None: nothing of its own."""
    data = event.data
    if kind not in FLOATING:
        return data.get("details") if kind in DETAILED and isinstance(data, dict) else data
    if not isinstance(data, dict) or "attached" not in data:
        return None
    details = {name: value for name, value in data["details"].items() if name != "attachedData"}
    return {**details, "attached": data["attached"]} if data["attached"] else details


def fingerprint(value: Any, *, floating: bool) -> Fingerprint:
    """The paths in `value`, in their order; of more than `MOST_PATHS`, the first ones."""
    found: dict[tuple[str, str], None] = {}
    _walk(value, "", _FLOATS if floating else _TYPED, found, DEEPEST)
    return tuple(found)[:MOST_PATHS]


def _walk(
    value: Any,
    path: str,
    names: Mapping[type, str],
    found: dict[tuple[str, str], None],
    levels: int,
) -> None:
    if len(found) >= MOST_PATHS or levels == 0:
        return
    if isinstance(value, dict):
        before = f"{path}." if path else ""
        for name, inner in value.items():
            within = before + _readable(name)
            found[within, names.get(type(inner), NULL)] = None
            if isinstance(inner, dict | list):
                _walk(inner, within, names, found, levels - 1)
    elif isinstance(value, list):
        for inner in value:
            found[f"{path}[]", names.get(type(inner), NULL)] = None
            if isinstance(inner, dict | list):
                _walk(inner, f"{path}[]", names, found, levels - 1)


def _readable(name: str) -> str:
    """The name of a field as it can be kept: in ASCII, and not endless."""
    return (name if name.isascii() else ascii(name)[1:-1])[:LONGEST_NAME]


def parent(path: str) -> str:
    """The path of what holds `path`; empty at the top."""
    if path.endswith("[]"):
        return path[:-2]
    return path.rpartition(".")[0]


def example(value: Any, path: str) -> str:
    """What is at `path`, masked: its form, and not what it says; of a list, the first."""
    for part in path.split("."):
        name, *lists = part.split("[]")
        named = value if isinstance(value, dict) else {}
        value = next((inner for key, inner in named.items() if _readable(key) == name), None)
        for _ in lists:
            value = value[0] if isinstance(value, list) and value else None
    return masked(value)


def masked(value: Any) -> str:
    """Letters as x and digits as 9, at most 40 of them."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    shown_as = ("9" if one.isdigit() else "x" if one.isalpha() else one for one in str(value)[:40])
    return "".join(one if one.isprintable() else "?" for one in shown_as)
