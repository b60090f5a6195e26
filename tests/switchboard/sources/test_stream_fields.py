from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.sources.stream_fields import (
    attached,
    boolean,
    event_time,
    integer,
    message_name,
    moment,
    named,
    text,
    texts,
)

AT = datetime(2026, 9, 1, 8, 15, 30, tzinfo=UTC)
SECONDS = 1_788_250_530

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=()), max_size=20)
    | st.from_regex(r"\A[+-]?[0-9]{1,25}\Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("0123", "0123"),
        (5551234567, "5551234567"),
        (1.5, "1.5"),
        (True, "true"),
        (False, "false"),
        ("", ""),
        (None, None),
        ([], None),
        ({"a": 1}, None),
    ],
)
def test_a_scalar_is_the_text_it_was(value: object, found: str | None) -> None:
    assert text(value) == found


@pytest.mark.parametrize("value", [None, "", " ", "N/A", "null", [], {}])
def test_what_says_nothing_names_nothing(value: object) -> None:
    assert named(value) is None


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (7, 7),
        ("7", 7),
        (" 7 ", 7),
        ("-7", -7),
        ("0123", 123),
        (7.0, 7),
        (7.5, None),
        ("7.5", None),
        ("²", None),
        ("٣", None),
        ("SALE", None),
        (True, None),
        (None, None),
        ([7], None),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        ("9223372036854775808", None),
        ("9" * 5000, None),
        (1e300, None),
    ],
)
def test_whole_numbers(value: object, found: int | None) -> None:
    assert integer(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (True, True),
        ("TRUE", True),
        ("yes", True),
        (False, False),
        ("false", False),
        ("no", False),
        ("pause", None),
        (1, None),
        (None, None),
    ],
)
def test_booleans(value: object, found: bool | None) -> None:
    assert boolean(value) is found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (SECONDS, AT),
        (str(SECONDS), AT),
        (float(SECONDS), AT),
        (SECONDS * 1000, AT),
        (SECONDS * 1000 + 188, AT.replace(microsecond=188_000)),
        (0, None),
        (-1, None),
        ("", None),
        ("N/A", None),
        (True, None),
        (10**17, None),
        ({}, None),
    ],
)
def test_moments(value: object, found: datetime | None) -> None:
    assert moment(value) == found


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"interactionEventTS": SECONDS, "statusEventTS": 5, "eventTS": 6}, AT),
        ({"interactionEventTS": "N/A", "statusEventTS": SECONDS}, AT),
        ({"msgInfo": {"timestamp": SECONDS * 1000}, "eventTS": 6}, AT),
        ({"eventTS": SECONDS}, None),
        ({"msgInfo": {}}, None),
        ({"msgInfo": "none"}, None),
        ({}, None),
    ],
)
def test_the_time_of_an_event_is_never_that_of_the_offer(
    fields: dict[str, Any], found: datetime | None
) -> None:
    assert event_time(fields) == found


@pytest.mark.parametrize(
    ("info", "found"),
    [
        ({"instanceId": "n", "sequenceId": 1, "timestamp": 2}, "n/1/2"),
        ({"instanceId": "n", "sequenceId": "1", "timestamp": "2"}, "n/1/2"),
        ({"instanceId": 7, "sequenceId": 0, "timestamp": 2}, "7/0/2"),
        ({"instanceId": "", "sequenceId": 1, "timestamp": 2}, None),
        ({"instanceId": "n", "sequenceId": 1}, None),
        ({"instanceId": "n", "sequenceId": [1], "timestamp": 2}, None),
        ({}, None),
        ([], None),
        (None, None),
    ],
)
def test_a_message_has_a_name_when_all_three_parts_are_there(info: Any, found: str | None) -> None:
    assert message_name({"msgInfo": info}) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a,b", ["a", "b"]),
        ("a; b;", ["a", "b"]),
        (["a", 7, "a"], ["a", "7"]),
        ("[1162,1163]", ["1162", "1163"]),
        ('["1162"]', ["1162"]),
        (1162, ["1162"]),
        ("", []),
        ("N/A", []),
        (None, []),
        ({"a": 1}, []),
        ([["a"], None], []),
    ],
)
def test_lists(value: object, found: list[str]) -> None:
    assert texts(value) == found


def datum(key: object, value: object) -> dict[str, object]:
    return {"attachedDataKey": key, "attachedDataValue": value}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"attachedDatum": [datum("a", "0123"), datum("b", 7)]}, {"a": "0123", "b": "7"}),
        ({"attachedDatum": datum("a", True)}, {"a": "true"}),
        ([datum("a", "x")], {"a": "x"}),
        ({"attachedDatum": [datum("a", 1), datum("a", 2)]}, {"a": "2"}),
        ({"attachedDatum": [datum(7, ""), datum("", 1), datum(None, 1)]}, {"7": ""}),
        ({"attachedDatum": [datum("a", None), datum("b", [1]), "x", None]}, {}),
        ({"attachedDatum": "x"}, {}),
        ({}, {}),
        ("x", {}),
        (None, {}),
    ],
)
def test_attached_data_are_a_flat_map_of_texts(data: Any, found: dict[str, str]) -> None:
    assert attached({"attachedData": data}) == found


@given(value=anything)
def test_no_value_is_too_odd(value: Any) -> None:
    assert isinstance(text(value), str | None)
    assert isinstance(named(value), str | None)
    assert isinstance(integer(value), int | None)
    assert boolean(value) in (True, False, None)
    assert all(isinstance(one, str) for one in texts(value))
    fields = {"interactionEventTS": value, "msgInfo": value, "attachedData": value}
    found = event_time(fields)
    assert found is None or found.year >= 1970
    assert all(isinstance(one, str) for one in attached(fields).values())
