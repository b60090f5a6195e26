"""Which part of a predicate an event did not fulfil. Pure."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jmespath.lexer import Lexer

from switchboard.errors import EventError
from switchboard.gathering import Gather
from switchboard.mapping import IN_PREDICATES, compile_expression
from switchboard.routing import is_true

OPENING = frozenset({"lparen", "lbracket", "lbrace", "filter"})
CLOSING = frozenset({"rparen", "rbracket", "rbrace"})
COMPARING = frozenset({"eq", "ne", "lt", "lte", "gt", "gte"})
SHOWN = 60


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a predicate. `seen` is what it looked at: the value on its left side."""

    text: str
    holds: bool
    seen: str


def takes(text: str, event: dict[str, Any], gather: Gather) -> bool:
    """Whether the predicate takes the event; raises ConfigurationError, EventError."""
    return is_true(_value(text, event, gather))


def parts(text: str, event: dict[str, Any], gather: Gather) -> Sequence[Part]:
    """The parts that a predicate joins by `&&`, or by `||`, each with what it said.

    The predicate is one that compiles; a part that fails on the event does not hold.
    """
    return [_part(one.strip(), event, gather) for one in _split(text)]


def _value(text: str, event: dict[str, Any], gather: Gather) -> Any:
    expression = compile_expression(text, IN_PREDICATES)
    return expression.evaluate(event, gather(expression.asking, event, None))


def _split(text: str) -> Sequence[str]:
    """At its outermost `||`, else `&&`; a pipe binds weaker than both, so that it stays whole."""
    for kind in ("pipe", "or", "and"):
        found = list(_between(text, frozenset({kind})))
        if len(found) > 1:
            return [text] if kind == "pipe" else found
    return [text]


def _between(text: str, kinds: frozenset[str]) -> Iterator[str]:
    depth = begin = 0
    for token in Lexer().tokenize(text):
        kind = token["type"]
        if kind in OPENING:
            depth += 1
        elif kind in CLOSING:
            depth -= 1
        elif kind in kinds and depth == 0:
            yield text[begin : token["start"]]
            begin = token["start"] + len(token["value"])
    yield text[begin:]


def _part(text: str, event: dict[str, Any], gather: Gather) -> Part:
    try:
        holds = takes(text, event, gather)
    except EventError as error:
        return Part(text, False, str(error))
    return Part(text, holds, _seen(text, event, gather))


def _seen(text: str, event: dict[str, Any], gather: Gather) -> str:
    sides = list(_between(text, COMPARING))
    if len(sides) != 2:
        return ""
    try:
        value = _value(sides[0].strip(), event, gather)
    except EventError as error:
        return str(error)
    shown = json.dumps(value, ensure_ascii=False)
    return f"{sides[0].strip()} is {shown if len(shown) <= SHOWN else shown[:SHOWN] + '…'}"
