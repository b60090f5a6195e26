"""Which of an event's fields an expression's value is made of: read off its tree, without an event.

What is said is never less than what flows, and may be more: where a value is built, all that went
into it counts, whatever is taken out of it again. A value that only decides (a comparison, the
condition of a choice, the predicate of a filter) does not flow. Arrays are no part of a path.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from switchboard.errors import ConfigurationError
from switchboard.mapping.grammar import Node, parse

Path: TypeAlias = tuple[str, ...]
"""Names of fields from the event downwards; empty: all of it."""

ANY = "*"
"""Any field."""
RAW, LOOKUP = "raw", "lookup"
"""Where paths begin that are in no event: of its payload as it came, and of reference data."""
MOST_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from. Of what is `built` no path says any more which part is taken."""

    path: Path
    built: bool = False

    def field(self, name: str) -> "Origin":
        """Where a field of the value comes from."""
        return self if self.built else Origin((*self.path, name))


Origins: TypeAlias = frozenset[Origin]
NOTHING: Origins = frozenset()
EVENT: Origins = frozenset({Origin(())})


def paths_of(tree: Node) -> frozenset[Path]:
    """The paths of an event that flow into the value of an expression, each with all beneath it."""
    return frozenset(origin.path for origin in _origins(tree, EVENT))


def path_of(text: str) -> Path:
    """The path that `text` names, such as `data.customer.phone`.

    Raises:
        ValueError: it cannot be parsed, or is anything else than fields.
    """
    try:
        tree = parse(text)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    level = [tree]
    while level:
        if any(node["type"] not in {"field", "subexpression"} for node in level):
            raise ValueError(f"{text!r} is no path of fields, such as data.customer.phone")
        level = [child for node in level for child in node["children"]]
    (path,) = paths_of(tree)
    return path


def _origins(node: Node, x: Origins) -> Origins:
    return _NODES.get(node["type"], _either)(node, x)


def _either(node: Node, x: Origins) -> Origins:
    """One of two values, an array of all, a reference applied to what it is given."""
    return _all(node["children"], x)


def _same(node: Node, x: Origins) -> Origins:
    del node
    return x


def _none(node: Node, x: Origins) -> Origins:
    del node, x
    return NOTHING


def _field(node: Node, x: Origins) -> Origins:
    return frozenset(origin.field(node["value"]) for origin in x)


def _chain(node: Node, x: Origins) -> Origins:
    for child in node["children"]:
        x = _origins(child, x)
    return x


def _projection(node: Node, x: Origins) -> Origins:
    """The predicate of a filter, its third part, only decides."""
    base, each, *_ = node["children"]
    return _origins(each, _origins(base, x))


def _value_projection(node: Node, x: Origins) -> Origins:
    base, each = node["children"]
    return _origins(each, _fields_of(_origins(base, x)))


def _object(node: Node, x: Origins) -> Origins:
    return _built(_all([pair["children"][0] for pair in node["children"]], x))


def _fields_of(x: Origins) -> Origins:
    return frozenset(origin.field(ANY) for origin in x)


def _all(nodes: list[Node], x: Origins) -> Origins:
    return frozenset(origin for node in nodes for origin in _origins(node, x))


def _built(origins: Origins) -> Origins:
    return frozenset(Origin(origin.path, built=True) for origin in origins)


def _of_call(node: Node, x: Origins) -> Origins:
    name, values = node["value"], node["children"]
    if name in CONCEALING:
        return NOTHING
    special = _CALLS.get(name)
    return _built(_all(values, x)) if special is None else special(values, x)


def _when(values: list[Node], x: Origins) -> Origins:
    return _all(values[1:], x)


def _case(values: list[Node], x: Origins) -> Origins:
    """A value, then choices and results by turns; at the end perhaps what is given otherwise."""
    otherwise = [] if len(values) % 2 else values[-1:]
    return _all([*values[2::2], *otherwise], x)


def _mapped(values: list[Node], x: Origins) -> Origins:
    reference, base = values
    if reference["type"] != "expref":
        return _built(_all(values, x))
    return _origins(reference["children"][0], _origins(base, x))


def _first(values: list[Node], x: Origins) -> Origins:
    """The elements of an array as they are; by what they are chosen or sorted does not flow."""
    return _origins(values[0], x)


def _values(values: list[Node], x: Origins) -> Origins:
    return _fields_of(_origins(values[0], x))


def _mask(values: list[Node], x: Origins) -> Origins:
    if len(values) == 1:
        return NOTHING
    keep = values[1].get("value")
    few = isinstance(keep, int) and keep <= MOST_SHOWN and values[1]["type"] == "literal"
    return NOTHING if few else _built(_origins(values[0], x))


def _looked_up(values: list[Node], x: Origins) -> Origins:
    """A column of a table, or a row of it; and what is given where nothing is found."""
    table, *columns = (_name(value) for value in (values[0], *values[2:3]))
    column = [name for name in columns if name]
    return _all(values[3:], x) | {Origin((LOOKUP, table or ANY, *column))}


def _name(node: Node) -> str:
    """The text that stands there; empty for null, whose column is all of them."""
    if node["type"] != "literal":
        return ANY
    return "" if node["value"] is None else str(node["value"])


def _raw(values: list[Node], x: Origins) -> Origins:
    del values, x
    return frozenset({Origin((RAW,))})


CONCEALING = frozenset(
    {
        "between",
        "contains",
        "contains_any",
        "country",
        "ends_with",
        "hash",
        "length",
        "starts_with",
        "tokenise",
        "type",
    }
)
"""Functions whose value tells something about what they take, and not what it is."""

_NODES: Mapping[str, Callable[[Node, Origins], Origins]] = {
    "comparator": _none,
    "current": _same,
    "field": _field,
    "filter_projection": _projection,
    "function_expression": _of_call,
    "identity": _same,
    "index": _same,
    "index_expression": _chain,
    "literal": _none,
    "multi_select_dict": _object,
    "not_expression": _none,
    "pipe": _chain,
    "projection": _projection,
    "slice": _same,
    "subexpression": _chain,
    "value_projection": _value_projection,
}

_CALLS: Mapping[str, Callable[[list[Node], Origins], Origins]] = {
    "case": _case,
    "coalesce": _all,
    "lookup": _looked_up,
    "map": _mapped,
    "mask": _mask,
    "max_by": _first,
    "min_by": _first,
    "not_null": _all,
    "raw": _raw,
    "reverse": _first,
    "sort": _first,
    "sort_by": _first,
    "to_array": _first,
    "values": _values,
    "when": _when,
}
