"""The examples that document our functions are true, and there are enough of them."""

import json
import re
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.errors import ConfigurationError, EventError
from switchboard.mapping import compile_expression, compile_mapping
from switchboard.mapping.beside import EXAMPLE
from switchboard.mapping.catalogue import Example, Function
from switchboard.mapping.functions import OURS
from switchboard.secrets import mapping_key
from switchboard.testing.interpreter import KEY, interpret

EXAMPLES = [(function, example) for function in OURS.values() for example in function.examples]


def evaluate(expression: str) -> Any:
    return compile_mapping({"found": expression}, lambda: KEY).evaluate({}, EXAMPLE)["found"]


@pytest.mark.parametrize(
    ("function", "example"), EXAMPLES, ids=[example.expression for _, example in EXAMPLES]
)
def test_an_example_is_true(function: Function, example: Example) -> None:
    if example.refused:
        with pytest.raises(EventError, match=re.escape(example.refused)) as refused:
            evaluate(example.expression)
        assert f"{function.name}()" in str(refused.value)
        return
    found = evaluate(example.expression)
    assert json.dumps(found) == json.dumps(example.gives)
    assert json.dumps(interpret(example.expression, {})) == json.dumps(example.gives)


@pytest.mark.parametrize("function", OURS.values(), ids=list(OURS))
def test_each_function_has_five_examples_with_null_and_a_wrong_type(function: Function) -> None:
    examples = function.examples
    assert len(examples) >= 5
    assert any("nothing" in example.expression for example in examples)
    takes_all = all("`[" in one.expression or not one.refused for one in examples)
    assert any(example.refused for example in examples) or takes_all
    assert all(f"{function.name}(" in example.expression for example in examples)


def test_a_key_is_for_mappings_and_of_one_destination() -> None:
    with pytest.raises(ConfigurationError, match=r"hash\(\) at position 1.*fields of mappings"):
        compile_expression("hash(data.number)")
    mapping = compile_mapping({"a": "hash('x')"}, lambda: "one")
    other = compile_mapping({"a": "hash('x')"}, lambda: "two")
    assert mapping.evaluate({}) != other.evaluate({})
    with pytest.raises(ConfigurationError, match="take the key of a destination"):
        compile_mapping({"a": "hash('x')"}).evaluate({})


@given(region=st.sampled_from(["US", "GB", "DE", "FR", "AU", "IN", "BR", "JP"]))
def test_no_telephone_number_is_left_by_redact(region: str) -> None:
    number = phonenumbers.example_number(region)
    assert number is not None
    for form in (0, 1, 2):
        written = phonenumbers.format_number(number, form)
        assert evaluate(f"redact('call {written} now')") == "call [phone] now"


def test_what_is_no_personal_number_stays() -> None:
    kept = "10.0.12.255 at 2026-11-24 09:30:00, int-19a0b1c2d3e, 4111111111111112345678901234"
    assert evaluate(f"redact('{kept}')") == kept
    assert evaluate("redact('4111-1111-1111-1112')") == "4111-1111-1111-1112"


def test_the_key_is_in_the_newest_secret_of_the_destination() -> None:
    accepted = ({"token": "t", "mapping_key": "new"}, {"mapping_key": "old"})
    assert mapping_key("destinations/crm", accepted) == "new"
    for without in ((), ({"token": "t"},), ({"mapping_key": ""},)):
        with pytest.raises(ConfigurationError, match="switchboard secrets set destinations/crm"):
            mapping_key("destinations/crm", without)
