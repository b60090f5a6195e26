import json
from datetime import UTC, datetime
from typing import Any

import pytest

from switchboard.errors import EventError
from switchboard.sources.payloads import (
    DEEPEST,
    identifier,
    kept_id,
    read_object,
    read_time,
    weak_id,
)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", r"not JSON \(line 1, column 1\)"),
        (b"call=ended&id=17", "not JSON"),
        (b"<html>", "not JSON"),
        (b'{"a": 1', r"not JSON \(line 1, column 8\)"),
        (b'{"a": "\x00"}', "not JSON"),
        (b"\x1f\x8b\x08\x00", "not UTF-8"),
        ('{"a": "ü"}'.encode("latin-1"), "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        (b"[1]", "an array, not an object"),
        (b'"text"', "a text, not an object"),
        (b"7", "a number, not an object"),
        (b"true", "a boolean, not an object"),
        (b"null", "null, not an object"),
        (b'{"a": NaN}', "NaN is no JSON"),
        (b'{"a": -Infinity}', "-Infinity is no JSON"),
        (b'{"a": 1e999}', "a number that is too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number of too many digits"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "deeper than 100 levels"),
        (b"[" * 100_000 + b"]" * 100_000, "deeper than 100 levels"),
    ],
)
def test_what_is_no_json_object_is_refused_with_the_reason(body: bytes, message: str) -> None:
    with pytest.raises(EventError, match=message):
        read_object(body)


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        (b"{}", {}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (rb'{"a": "\u0000 \ud800 \u00fc"}', {"a": "\x00 \ud800 ü"}),
        (b'{"a": 123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": 1e-999}', {"a": 0.0}),
    ],
)
def test_odd_json_is_json(body: bytes, payload: Any) -> None:
    assert read_object(body) == payload


def test_nesting_is_taken_as_deep_as_it_can_be_written_again() -> None:
    body = b'{"a":' * DEEPEST + b"1" + b"}" * DEEPEST
    assert json.dumps(read_object(body), separators=(",", ":")).encode() == body


@pytest.mark.parametrize(
    "written",
    [
        1_788_250_530_188,
        "1788250530188",
        1_788_250_530.188,
        "2026-09-01T08:15:30.188Z",
        "2026-09-01T10:15:30.188+02:00",
        "2026-09-01T08:15:30.188",
    ],
)
def test_times_as_vendors_write_them(written: object) -> None:
    assert read_time(written, "time") == datetime(2026, 9, 1, 8, 15, 30, 188_000, tzinfo=UTC)


def test_a_time_may_be_in_seconds_or_before_1970() -> None:
    assert read_time(1_788_250_530, "time") == datetime(2026, 9, 1, 8, 15, 30, tzinfo=UTC)
    assert read_time("-1", "time") == datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [None, "", "soon", True, [], {}, 10**40, -(10**40), "²", "0001-01-01T00:00:00+14:00"],
)
def test_what_is_no_time_is_refused_by_name(written: object) -> None:
    with pytest.raises(EventError, match=r"reading timestamp: it is .* that is no time"):
        read_time(written, "timestamp")


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (7, "7"), ("", None), (None, None), (True, None), (1.5, None), ([], None)],
)
def test_ids_are_texts_and_whole_numbers(value: object, text: str | None) -> None:
    assert identifier(value) == text


def test_ids_travel_as_they_are_unless_they_cannot() -> None:
    assert kept_id("Führung am Montag") == "Führung am Montag"
    assert kept_id("x" * 257).startswith("hash:")
    assert kept_id("\ud800").startswith("hash:")


def test_weak_ids_tell_payloads_and_moments_apart() -> None:
    assert weak_id(b"a", None) == weak_id(b"a", None)
    assert len({weak_id(b"a", None), weak_id(b"b", None), weak_id(b"a", 1.0)}) == 3
