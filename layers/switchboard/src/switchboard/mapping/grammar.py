"""The text of an expression: parsed by JMESPath's library, checked against what a document may ask.

The library's tree says nowhere where in the text a node stands; `Positions` adds that to the nodes
that can fail on a value.
"""

import difflib
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar, TypeAlias

from jmespath.exceptions import JMESPathError, LexerError, ParseError
from jmespath.functions import Functions
from jmespath.parser import Parser

from switchboard.errors import ConfigurationError
from switchboard.mapping.catalogue import Need
from switchboard.mapping.functions import OURS

LONGEST = 1024
DEEPEST = 32

Node: TypeAlias = dict[str, Any]
"""A node of the library's tree, with `start` where it can fail: its place in the text, from 0."""

MEANT = {
    "=": "==",
    "and": "&&",
    "or": "||",
    "not": "!",
    "&": "&&",
    "<>": "!=",
}
"""What other languages write, and what it is here."""

WHERE = {
    Need.KEY: "the fields of mappings: it takes the key of their destination",
    Need.REFERENCE: "the fields of mappings and the predicates of destinations",
    Need.RAW: "the fields of mappings",
}
"""Where functions are allowed that take something beside their values."""


class Positions(Parser):
    """The library's parser; calls and comparisons remember where they stand.

    Its types declare none of the methods that read one kind of token.
    """

    _CACHE: ClassVar[dict[str, Any]] = {}

    def _token_led_lparen(self, left: Node) -> Node:
        start = self._lookahead_token(-2)["start"]  # type: ignore[attr-defined]
        called: Node = super()._token_led_lparen(left)  # type: ignore[misc]
        called["start"] = start
        return called

    def _parse_comparator(self, left: Node, comparator: str) -> Node:
        start = self._lookahead_token(-1)["start"]  # type: ignore[attr-defined]
        compared: Node = super()._parse_comparator(left, comparator)  # type: ignore[misc]
        compared["start"] = start
        return compared


def parse(text: str, allowed: AbstractSet[Need] = frozenset()) -> Node:
    """The tree of `text`, whose calls, length and depth are allowed.

    It may call what takes one of `allowed` beside its values.

    Raises:
        ConfigurationError: naming the position, and what was meant if it is close.
    """
    if len(text) > LONGEST:
        raise ConfigurationError(
            f"an expression has {len(text)} characters, at most {LONGEST} are taken: {text[:40]!r}…"
        )
    try:
        parsed: Any = Positions().parse(text)
    except ParseError as error:
        raise ConfigurationError(_unreadable(text, error)) from None
    except (JMESPathError, ValueError, RecursionError) as error:
        why = str(error).split("\n", 1)[0][:200]
        raise ConfigurationError(f"the expression {text!r} cannot be parsed: {why}") from None
    root: Node = parsed.parsed
    _check(root, text, allowed)
    return root


def _unreadable(text: str, error: ParseError) -> str:
    position = error.lex_position
    if isinstance(error, LexerError):
        found = str(error.lexer_value)
    else:
        found = str(error.token_value or "")
    if not found:
        return f"the expression {text!r} cannot be parsed: it ends too soon"
    meant = MEANT.get(found, "")
    if found.lstrip("-").replace(".", "", 1).isdigit():
        meant = f"`{found}`"
    said = f"; did you mean {meant} ?" if meant else ""
    return f"the expression {text!r} cannot be parsed at position {position + 1}{said}"


def _check(root: Node, text: str, allowed: AbstractSet[Need]) -> None:
    """Refuse unknown functions, wrong counts of values and depth, without recursion of our own."""
    level = [root]
    for _ in range(DEEPEST):
        for node in level:
            if node["type"] == "function_expression":
                _check_call(node, text)
                _check_need(node, text, allowed)
        level = [child for node in level for child in node["children"] if isinstance(child, dict)]
        if not level:
            return
    raise ConfigurationError(f"the expression {text[:40]!r}… is deeper than {DEEPEST} levels")


def _check_call(node: Node, text: str) -> None:
    name, given = node["value"], len(node["children"])
    where = f"at position {node['start'] + 1}"
    known = function_names()
    if name not in known:
        close = difflib.get_close_matches(name, sorted(known), n=1)
        meant = f"; did you mean {close[0]}()?" if close else ""
        raise ConfigurationError(
            f"the expression {text!r} calls {name}() {where}, which is unknown{meant}"
        )
    fewest, most = takes(name)
    if given < fewest or (most is not None and given > most):
        raise ConfigurationError(
            f"the expression {text!r} calls {name}() {where} with {given} values;"
            f" it takes {_count(fewest, most)}"
        )


def _check_need(node: Node, text: str, allowed: AbstractSet[Need]) -> None:
    ours = OURS.get(node["value"])
    if ours is not None and ours.needs is not None and ours.needs not in allowed:
        raise ConfigurationError(
            f"the expression {text!r} calls {ours.name}() at position {node['start'] + 1}, which"
            f" is for {WHERE[ours.needs]}"
        )


def function_names() -> frozenset[str]:
    """Every function that an expression may call."""
    return frozenset(OURS) | frozenset(Functions.FUNCTION_TABLE)


def takes(name: str) -> tuple[int, int | None]:
    """The fewest and the most values of a function; None: any number."""
    ours = OURS.get(name)
    if ours is not None:
        return ours.fewest, ours.most
    signature = Functions.FUNCTION_TABLE[name]["signature"]
    variadic = bool(signature) and bool(signature[-1].get("variadic"))
    return len(signature), None if variadic else len(signature)


def _count(fewest: int, most: int | None) -> str:
    if most is None:
        return f"{fewest} or more"
    return str(fewest) if fewest == most else f"{fewest} to {most}"
