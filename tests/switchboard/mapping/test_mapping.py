from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.errors import ConfigurationError, EventError
from switchboard.mapping import compile_expression, compile_mapping
from switchboard.mapping.functions import OURS
from switchboard.testing.deliveries import make_event
from switchboard.testing.interpreter import KEY

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def value(expression: str, **data: Any) -> Any:
    return compile_expression(expression).evaluate(data)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("hhmmss('soon')", r"hhmmss\(\) takes a number, and found a text"),
        ("hhmmss(`[]`)", "found an array"),
        ("upper(`{}`)", "found an object"),
        ("utc('yesterday')", "takes a time"),
        ("utc(`1e300`)", "takes a time"),
        ("local_time(`0`, 'Mars/Olympus')", "knows no zone"),
        ("e164('+14155552671', `7`)", "region"),
        ("length(`7`)", r"length\(\) takes .*string.*found number"),
        ("a && 'x' > `1`", r"at position 10: > takes two numbers.*found a text and a number"),
        ("[`1`][?hhmmss(`[]`)]", r"at position 8: hhmmss\(\) takes a number"),
        ("a[::0]", r"a\[::0\].*a value it cannot work with"),
        ("upper(&a)", "found an expression"),
    ],
)
def test_a_value_that_a_function_cannot_take_is_the_events_error(expression: str, why: str) -> None:
    with pytest.raises(EventError, match=why):
        value(expression, a=[1])


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("hhmmss()", r"calls hhmmss\(\) at position 1 with 0 values; it takes 1"),
        ("a || join('x')", r"calls join\(\) at position 6 with 1 values; it takes 2"),
        ("a = 'b'", r"position 3; did you mean == \?"),
        ("a and b", r"position 3; did you mean && \?"),
        ("a > 5", r"position 5; did you mean `5` \?"),
        ("data.", "cannot be parsed: it ends too soon"),
        ("a ==", "cannot be parsed"),
        ("", "cannot be parsed"),
        ("e146(x)", r"calls e146\(\) at position 1.*did you mean e164"),
        ("length(nope_such(x))", "unknown"),
        ("x" * 1025, "1025 characters"),
        ("trim(" * 40 + "a" + ")" * 40, "deeper than 32"),
    ],
)
def test_a_broken_expression_is_refused_when_it_is_compiled(expression: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        compile_expression(expression)


def test_a_mapping_reads_the_event_as_its_cloudevent() -> None:
    mapping = compile_mapping({"Type": "type", "Number": "data.number", "Nothing": "data.nope"})
    assert mapping.apply(make_event(7)) == {
        "Type": "meeting.participant.joined",
        "Number": 7,
        "Nothing": None,
    }


def test_an_error_names_the_field() -> None:
    with pytest.raises(EventError, match=r"mapping the field .Duration.: .*hhmmss"):
        compile_mapping({"Duration": "hhmmss(data.number)"}).apply(make_event(data={"number": []}))
    with pytest.raises(ConfigurationError, match=r"fields\.Duration: .*hhms"):
        compile_mapping({"Duration": "hhms(data.number)"})


def test_the_output_is_bounded() -> None:
    with pytest.raises(EventError, match="at most 65536"):
        compile_mapping({"All": "data"}).apply(make_event(data={"text": "x" * 70_000}))


@given(data=JSON)
def test_no_event_makes_a_function_fail_otherwise_than_by_an_event_error(data: object) -> None:
    for name, function in OURS.items():
        arguments = ", ".join(["x", "y", "z", "x"][: function.fewest])
        try:
            mapping = compile_mapping({"a": f"{name}({arguments})"}, lambda: KEY)
            mapping.evaluate({"x": data, "y": data, "z": data})
        except EventError:
            continue
