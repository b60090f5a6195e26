"""Generated expressions over every kind of node, and documents that they find something in.

`python -m tests.switchboard.mapping.generated 200000` compares so many with the interpreter.
"""

import json
import sys
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from switchboard.errors import EventError
from switchboard.mapping import compile_expression
from switchboard.mapping.beside import EXAMPLE
from switchboard.mapping.catalogue import Need
from switchboard.mapping.grammar import function_names, takes
from switchboard.testing.interpreter import Refused, interpret

GIVEN_NEEDS = frozenset({Need.REFERENCE, Need.RAW})
NAMES = ("a", "b", "c", "data", "name", "n")
CALLED = sorted(name for name in function_names() if name not in {"hash", "tokenise"})
BY = ("sort_by", "min_by", "max_by")

scalars = (
    st.sampled_from([None, True, False, 0, 1, -1, 2, 0.0, 1.0, 1.5, "", "a", "1", "+14155552671"])
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
        | st.lists(st.dictionaries(st.sampled_from(NAMES), inner, max_size=3), max_size=3)
    ),
    max_leaves=20,
)


def _literal(value: Any) -> str:
    return "`" + json.dumps(value).replace("`", "\\u0060") + "`"


def _wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Every way of making a larger expression; parentheses keep what was meant."""
    two = st.tuples(inner, inner)
    index = st.integers(-4, 4).map(lambda at: f"[{at}]")
    bound = st.none() | st.integers(-4, 4)
    cut = st.tuples(bound, bound, st.none() | st.integers(-2, 2)).map(
        lambda parts: "[" + ":".join("" if part is None else str(part) for part in parts) + "]"
    )
    right = (
        st.sampled_from([f".{name}" for name in NAMES])
        | st.sampled_from(["[*]", ".*", "[]", ""])
        | index
        | cut
        | inner.map(lambda one: f".[{one}, @]")
        | inner.map(lambda one: f".{{a: {one}, b: @}}")
        | inner.map(lambda one: f"[?{one}]")
    )
    return st.one_of(
        st.tuples(inner, right, right).map(lambda p: f"({p[0]}){p[1]}{p[2]}"),
        st.tuples(st.sampled_from(NAMES), right, right, right).map("".join),
        two.map(lambda p: f"({p[0]}) | ({p[1]})"),
        two.map(lambda p: f"({p[0]}) && ({p[1]})"),
        two.map(lambda p: f"({p[0]}) || ({p[1]})"),
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), inner).map(
            lambda p: f"({p[0]}) {p[1]} ({p[2]})"
        ),
        two.map(lambda p: f"[{p[0]}, {p[1]}]"),
        two.map(lambda p: f'{{a: {p[0]}, "b c": {p[1]}}}'),
        two.map(lambda p: f"map(&({p[0]}), {p[1]})"),
        st.tuples(st.sampled_from(BY), inner, inner).map(lambda p: f"{p[0]}({p[1]}, &({p[2]}))"),
        st.tuples(st.sampled_from(CALLED), st.lists(inner, max_size=3)).map(lambda p: _call(*p)),
    )


def _call(name: str, values: list[str]) -> str:
    fewest, most = takes(name)
    count = max(fewest, min(len(values), 3 if most is None else most))
    return f"{name}({', '.join([*values, '@', 'a', 'b', 'c'][:count])})"


expressions = st.recursive(
    st.sampled_from([*NAMES, "@", "'a'", "'b c'", "*", "data.a", "data.name", "data.n"])
    | scalars.map(_literal),
    _wrapped,
    max_leaves=8,
).filter(lambda text: len(text) <= 1024)


def outcome(text: str, document: Any) -> tuple[str, Any]:
    """What the compiled expression gives; it is compared with its JSON, so that 1 is not true."""
    try:
        found = compile_expression(text, GIVEN_NEEDS).evaluate(document, EXAMPLE)
    except EventError:
        return ("refused", None)
    return ("found", shown(found))


def expected(text: str, document: Any) -> tuple[str, Any]:
    try:
        return ("found", shown(interpret(text, document)))
    except Refused:
        return ("refused", None)


def shown(value: Any) -> str:
    return json.dumps(value, default=lambda one: type(one).__name__)


def main(count: int) -> None:
    """Compare `count` expressions; print what they were made of."""
    seen: Counter[str] = Counter()

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(expressions, documents)
    def compare(text: str, document: Any) -> None:
        want = expected(text, document)
        assert outcome(text, document) == want, (text, document)
        seen[want[0]] += 1
        seen["null"] += want[1] == "null"

    compare()
    sys.stdout.write(f"equal: {dict(seen)}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
