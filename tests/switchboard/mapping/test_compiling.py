"""Compiled expressions equal the library's interpreter, in what they find and what they refuse."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings

from switchboard.errors import EventError
from switchboard.event import as_document
from switchboard.mapping import compile_mapping
from switchboard.mapping.beside import EXAMPLE
from switchboard.mapping.compiling import compile_fields
from switchboard.mapping.grammar import parse
from switchboard.testing.deliveries import make_event
from switchboard.testing.interpreter import Refused, interpret
from tests.switchboard.mapping.generated import (
    GIVEN_NEEDS,
    documents,
    expected,
    expressions,
    outcome,
    shown,
)


@settings(max_examples=80, deadline=None)
@given(expressions, documents)
def test_compiled_equals_interpreted(text: str, document: Any) -> None:
    assert outcome(text, document) == expected(text, document)


SCALARS = [None, True, False, 0, 1, 0.0, 1.0, -1, "", "a", "1", [], {}, [1], [True], {"a": 1}]


@pytest.mark.parametrize("sign", ["==", "!=", "<", "<=", ">", ">=", "&&", "||"])
def test_every_pair_of_values_compares_as_interpreted(sign: str) -> None:
    """Generated documents hardly ever compare 1 with true."""
    literals = [f"`{json.dumps(value)}`" for value in SCALARS]
    texts = [f"a {sign} b", f"!(a {sign} b)", f"[@][?a {sign} b] | [0].b"]
    texts += [f"a {sign} {one}" for one in literals] + [f"{one} {sign} b" for one in literals]
    for text in texts:
        for left, right in itertools.product(SCALARS, SCALARS if "`" not in text else [True, 1]):
            for document in ({"a": left, "b": right}, {"a": right, "b": left}):
                assert outcome(text, document) == expected(text, document), (text, document)


@settings(max_examples=30, deadline=None)
@given(expressions, expressions, documents)
def test_fields_that_share_parts_give_what_each_gives_alone(a: str, b: str, document: Any) -> None:
    fields = {"a": a, "b": f"[{a}, {b}]", "c": f"({b}) || ({a})", "d": b}
    if any(len(text) > 1024 for text in fields.values()):
        return
    trees = {field: parse(text, GIVEN_NEEDS) for field, text in fields.items()}
    try:
        wanted = shown({field: interpret(text, document) for field, text in fields.items()})
    except Refused:
        with pytest.raises(Exception):  # noqa: B017, PT011 - any of FAILURES; evaluate makes it one
            compile_fields(trees).run(document, EXAMPLE.find, EXAMPLE.raw)
        return
    found = compile_fields(trees).run(document, EXAMPLE.find, EXAMPLE.raw)
    assert shown(found) == wanted


def test_what_fields_have_in_common_is_looked_up_once() -> None:
    source = compile_fields(
        {"a": parse("data.customer.name"), "b": parse("upper(data.customer.name)")}
    ).source
    assert source.count(".get(") == 3


def test_what_a_branch_looked_up_is_not_taken_for_known_behind_it() -> None:
    mapping = compile_mapping({"a": "data.x || data.y.z", "b": "data.y.z", "c": "data.x && data.q"})
    assert mapping.evaluate({"data": {"x": 1, "y": {"z": 2}}}) == {"a": 1, "b": 2, "c": None}
    assert mapping.evaluate({"data": {"y": {"z": 2}}}) == {"a": 2, "b": 2, "c": None}


def test_no_text_of_a_document_is_in_the_source() -> None:
    text = '"import os" || \'x\\"); evil(\' || `{"evil": "evil"}`.evil || [?evil == \'evil\']'
    source = compile_fields({"evil\n": parse(text)}).source
    assert "evil" not in source
    assert "import" not in source


def test_an_error_in_a_part_that_is_shared_names_the_first_field_that_asks() -> None:
    mapping = compile_mapping({"fine": "data.a", "one": "hhmmss(data.a)", "two": "hhmmss(data.a)"})
    with pytest.raises(EventError, match=r"the field 'one': evaluating .* at position 1: hhmmss"):
        mapping.evaluate({"data": {"a": []}})


def test_an_expression_as_deep_as_is_allowed_compiles() -> None:
    deep = "a" + "[*].b[]" * 9
    assert compile_mapping({"deep": deep}).evaluate({"a": []}) == {"deep": []}
    nested = "map(&" * 14 + "@" + ", @)" * 14
    assert compile_mapping({"deep": f"[a] | {nested}"}).evaluate({"a": []}) == {"deep": [[]]}


def test_a_document_that_is_not_utf_8_can_still_be_sent() -> None:
    lone = json.loads('"\\ud800"')
    assert compile_mapping({"a": "data"}).evaluate({"data": lone}) == {"a": lone}
    with pytest.raises(EventError, match="at most"):
        compile_mapping({"a": "data"}).evaluate({"data": lone * 20_000})


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(EventError, match="no JSON"):
        compile_mapping({"a": "&data"}).evaluate({"data": 1})


def test_an_event_as_expressions_see_it_is_its_json() -> None:
    event = make_event(7)
    assert as_document(event) == event.model_dump(mode="json")
