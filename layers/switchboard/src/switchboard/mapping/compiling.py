"""Trees of expressions become Python functions: written once, run for each event.

The source is made of names that are made here and of nothing else: every text and number of a
document is handed over as a constant. JMESPath has no variables, so each part is a function of the
value it is applied to, and of what is given beside the event. What two fields have in common, such
as `data.customer`, is looked up once.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from switchboard.mapping.calls import Key, function_named, no_key
from switchboard.mapping.catalogue import Find, Need
from switchboard.mapping.compiled import Compiled, Place, Run
from switchboard.mapping.conditions import IN_PLACE, false, flattened, is_ordered, ordered
from switchboard.mapping.functions import OURS
from switchboard.mapping.grammar import Node

GIVEN = {Need.REFERENCE: "find", Need.RAW: "raw"}
"""What is another for each event, and its name in each function."""
BESIDE = ", ".join(GIVEN.values())
COMPARISONS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def compile_value(tree: Node, key: Key = no_key) -> Compiled:
    """One expression; `run` answers its value."""
    writer = _Writer(key)
    main = writer.function("run")
    main.result(main.value_of(tree, "x"))
    return writer.compiled()


def compile_fields(trees: Mapping[str, Node], key: Key = no_key) -> Compiled:
    """A mapping; `run` answers an object of its fields."""
    writer = _Writer(key)
    main = writer.function("run")
    pairs = []
    for field, tree in trees.items():
        writer.field = field
        pairs.append(f"{writer.constant(field)}: {main.value_of(tree, 'x')}")
    main.result("{" + ", ".join(pairs) + "}")
    return writer.compiled()


class _Expression:
    """An expression reference such as `&name`: the library's functions know it by this name."""

    def __init__(self, function: Run, find: Find, raw: Any) -> None:
        self.expression = function
        self._find = find
        self._raw = raw

    def visit(self, function: Run, value: Any) -> Any:
        return function(value, self._find, self._raw)


class _Writer:
    """The source of one `make`: its constants, and the functions in it."""

    def __init__(self, key: Key) -> None:
        self.field = ""
        self._key = key
        self._constants: dict[str, Any] = {
            "flattened": flattened,
            "nothing": {},
            "reference": _Expression,
        }
        self._needs: Counter[Need] = Counter()
        self._functions: list[_Function] = []
        self._names = 0

    def name(self, letter: str) -> str:
        """A name that nothing else has."""
        self._names += 1
        return f"{letter}{self._names}"

    def constant(self, value: Any) -> str:
        """The name under which the source finds `value`."""
        name = self.name("k")
        self._constants[name] = value
        return name

    def call(self, name: str, values: Sequence[str]) -> str:
        """A call of a function of expressions, with what it takes of that which is given."""
        ours = OURS.get(name)
        given = [] if ours is None or ours.needs not in GIVEN else [ours.needs]
        self._needs.update(given)
        function = self.constant(function_named(name, self._key))
        return f"{function}({', '.join([*(GIVEN[need] for need in given), *values])})"

    def function(self, name: str) -> "_Function":
        """A new function of one value, and of what is given beside the event."""
        made = _Function(self, name)
        self._functions.append(made)
        return made

    def part(self, tree: Node) -> str:
        """The name of a function that applies `tree`."""
        made = self.function(self.name("f"))
        made.result(made.value_of(tree, "x"))
        return made.title

    def compiled(self) -> Compiled:
        lines = [f"def make({', '.join(self._constants)}):"]
        places: dict[int, Place] = {}
        for function in self._functions:
            lines.append(f" def {function.title}(x, {BESIDE}):")
            for line, place in function.lines:
                lines.append("  " + line)
                if place is not None:
                    places[len(lines)] = place
        lines.append(" return run\n")
        return Compiled("\n".join(lines), self._constants, self._needs, places)


class _Function:
    """One function's lines. A value that was found once has a name, and is not looked up again."""

    def __init__(self, writer: _Writer, title: str) -> None:
        self.title = title
        self.lines: list[tuple[str, Place | None]] = []
        self._writer = writer
        self._indent = ""
        self._known: dict[tuple[Any, ...], str] = {}

    def result(self, value: str) -> None:
        """End with `value`."""
        self._write(f"return {value}")

    def value_of(self, node: Node, x: str) -> str:
        """The name of the value of `node` applied to the value named `x`."""
        key = (x, _key(node))
        if key not in self._known:
            self._known[key] = getattr(self, f"_{node['type']}")(node, x)
        return self._known[key]

    def _write(self, line: str, place: Place | None = None) -> None:
        self.lines.append((self._indent + line, place))

    def _named(self, expression: str, place: Place | None = None) -> str:
        name = self._writer.name("t")
        self._write(f"{name} = {expression}", place)
        return name

    def _place(self, node: Node, what: str, operands: Iterable[str] = ()) -> Place:
        return Place(self._writer.field, node.get("start"), what, tuple(operands))

    @contextmanager
    def _only_if(self, condition: str) -> Iterator[None]:
        """Lines that may not run: what is found in them is not known behind them."""
        self._write(f"if {condition}:")
        indent, known = self._indent, self._known
        self._indent, self._known = indent + " ", dict(known)
        yield
        self._indent, self._known = indent, known

    def _field(self, node: Node, x: str) -> str:
        key = self._writer.constant(node["value"])
        return self._named(f"{self._object(x)}.get({key})")

    def _object(self, x: str) -> str:
        """The name of the object that is named `x`; of what is none, of an empty one."""
        known = (x, "object")
        if known not in self._known:
            self._known[known] = self._named(f"{x} if isinstance({x}, dict) else nothing")
        return self._known[known]

    def _index(self, node: Node, x: str) -> str:
        at = node["value"]
        enough = f"len({x}) > {at}" if at >= 0 else f"len({x}) >= {-at}"
        return self._named(f"{x}[{at}] if isinstance({x}, list) and {enough} else None")

    def _slice(self, node: Node, x: str) -> str:
        cut = self._writer.constant(slice(*node["children"]))
        place = self._place(node, "a slice")
        return self._named(f"{x}[{cut}] if isinstance({x}, list) else None", place)

    def _identity(self, node: Node, x: str) -> str:  # noqa: ARG002 - every kind of node is asked alike
        return x

    _current = _identity

    def _literal(self, node: Node, x: str) -> str:  # noqa: ARG002 - every kind of node is asked alike
        return self._writer.constant(node["value"])

    def _subexpression(self, node: Node, x: str) -> str:
        for child in node["children"]:
            x = self.value_of(child, x)
        return x

    _index_expression = _subexpression
    _pipe = _subexpression

    def _comparator(self, node: Node, x: str) -> str:
        left, right = (self.value_of(child, x) for child in node["children"])
        kind = node["value"]
        if kind in COMPARISONS:
            sign = COMPARISONS[kind]
            names = zip(node["children"], (left, right), strict=True)
            checks = [ordered(name) for child, name in names if not is_ordered(child)]
            compared = f"{left} {sign} {right}"
            if checks:
                compared = f"({compared}) if {' and '.join(checks)} else None"
            return self._named(compared, self._place(node, sign, (left, right)))
        place = self._place(node, "==" if kind == "eq" else "!=")
        alike = " and ".join([f"{left} == {right}", *self._same_truth(node, left, right)])
        return self._named(alike if kind == "eq" else f"not ({alike})", place)

    def _same_truth(self, node: Node, left: str, right: str) -> list[str]:
        """`true` equals no number here, as it does in Python; a text is neither."""
        texts = (
            child["type"] == "literal" and isinstance(child["value"], str)
            for child in node["children"]
        )
        return [] if any(texts) else [f"(type({left}) is bool) == (type({right}) is bool)"]

    def _or_expression(self, node: Node, x: str) -> str:
        left, right = node["children"]
        found = self._named(self.value_of(left, x))
        with self._only_if(false(found, left)):
            self._write(f"{found} = {self.value_of(right, x)}")
        return found

    def _and_expression(self, node: Node, x: str) -> str:
        left, right = node["children"]
        found = self._named(self.value_of(left, x))
        with self._only_if(f"not ({false(found, left)})"):
            self._write(f"{found} = {self.value_of(right, x)}")
        return found

    def _not_expression(self, node: Node, x: str) -> str:
        (child,) = node["children"]
        return self._named(false(self.value_of(child, x), child))

    def _multi_select_list(self, node: Node, x: str) -> str:
        found = self._named("None")
        with self._only_if(f"{x} is not None"):
            values = [self.value_of(child, x) for child in node["children"]]
            self._write(f"{found} = [{', '.join(values)}]")
        return found

    def _multi_select_dict(self, node: Node, x: str) -> str:
        found = self._named("None")
        with self._only_if(f"{x} is not None"):
            pairs = [
                f"{self._writer.constant(pair['value'])}: {self.value_of(pair['children'][0], x)}"
                for pair in node["children"]
            ]
            self._write(f"{found} = {{{', '.join(pairs)}}}")
        return found

    def _flatten(self, node: Node, x: str) -> str:
        return self._named(f"flattened({self.value_of(node['children'][0], x)})")

    def _projection(self, node: Node, x: str) -> str:
        base = self.value_of(node["children"][0], x)
        return self._collected(node, f"isinstance({base}, list)", base)

    def _value_projection(self, node: Node, x: str) -> str:
        base = self.value_of(node["children"][0], x)
        return self._collected(node, f"isinstance({base}, dict)", f"{base}.values()")

    def _filter_projection(self, node: Node, x: str) -> str:
        base = self.value_of(node["children"][0], x)
        condition = node["children"][2]
        holds = self._writer.part({"type": "not_expression", "children": [condition]})
        elements = f"[e for e in {base} if not {holds}(e, {BESIDE})]"
        return self._collected(node, f"isinstance({base}, list)", elements)

    def _collected(self, node: Node, possible: str, elements: str) -> str:
        right = node["children"][1]
        if right["type"] == "identity":
            each = f"[e for e in {elements} if e is not None]"
        else:
            part = self._writer.part(right)
            each = f"[v for e in {elements} if (v := {part}(e, {BESIDE})) is not None]"
        return self._named(f"{each} if {possible} else None", self._place(node, "a projection"))

    def _function_expression(self, node: Node, x: str) -> str:
        name = node["value"]
        values = [self.value_of(child, x) for child in node["children"]]
        if name in IN_PLACE:
            return self._named(IN_PLACE[name](*values))
        return self._named(self._writer.call(name, values), self._place(node, f"{name}()"))

    def _expref(self, node: Node, x: str) -> str:  # noqa: ARG002 - every kind of node is asked alike
        part = self._writer.part(node["children"][0])
        return self._named(f"reference({part}, {BESIDE})")


def _key(node: Node) -> tuple[Any, ...]:
    """The same for equal trees, wherever they stand; 1, 1.0 and true are different texts."""
    children = tuple(_key(one) if isinstance(one, dict) else one for one in node["children"])
    return node["type"], json.dumps(node.get("value")), children
