"""Forms of a number and an address: found however they are written, and nobody else's."""

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from desk.forgetting.person import NobodyFound, person_of, request_of

US = "+14155550123"
GB = "+442079460958"
FORMS = {
    US: (
        "+14155550123", "14155550123", "4155550123", "001 415 555 0123", "011-1-415-555-0123",
        "+1 (415) 555-0123", "(415) 555-0123", "415.555.0123", "1-415-555-0123", "415 555 0123",
        "+1\u00a0415\u00a0555\u00a00123", "+1\u2011415\u2011555\u20110123", "tel:+1-415-555-0123",
        "sip:+14155550123@pbx.example", "0014155550123", "01114155550123", "+1/415/5550123",
    ),
    GB: (
        "+442079460958", "442079460958", "02079460958", "020 7946 0958", "+44 (0)20 7946 0958",
        "+44 20 7946 0958", "0044 20 7946 0958", "(020) 7946-0958", "2079460958",
    ),
    "jo.o+x@example.com": (
        "jo.o+x@example.com", "JO.O+X@Example.COM", "mailto:jo.o+x@example.com",
        "Jo <jo.o+x@example.com>", "jo.o+x@example.com.", "jo.o+x&#64;example.com",
    ),
}  # fmt: skip
OTHERS = {
    US: (
        "14155550124", "914155550123", "41555501234", "+44 4155550123", "0049 415 555 0123",
        "141555501230", "2026-04-15T55:50",
    ),
    GB: ("+1 207-946-0958", "+12079460958", "20794609581", "+442079460959"),
    "jo.o+x@example.com": (
        "o+x@example.com", "ajo.o+x@example.com", "jo.o+x@example.com.au", "jo.o+x@example.comx",
        "jo-o+x@example.com", "joxo+x@example.com",
    ),
}  # fmt: skip
WRAPPINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "JSON": lambda text: json.dumps({"from": text}),
    "JSON in JSON": lambda text: json.dumps({"body": json.dumps({"a\nb": text})}),
    "three times": lambda text: json.dumps([json.dumps([json.dumps({"é": text})])]),
    "URL": lambda text: "https://x.example/?from=" + quote(text, safe="") + "&x=1",
    "URL in JSON": lambda text: json.dumps({"u": "?n=" + quote(text, safe="")}).replace("/", "\\/"),
    "all escaped": lambda text: '"' + "".join(f"\\u{ord(one):04x}" for one in text) + '"',
    "after an escape": lambda text: json.dumps({"text": "\n" + text + "\n"}),
}
each = pytest.mark.parametrize("wrapping", WRAPPINGS)


@each
@pytest.mark.parametrize(("whom", "form"), [(w, f) for w, forms in FORMS.items() for f in forms])
def test_every_form_is_found_however_it_is_wrapped(whom: str, form: str, wrapping: str) -> None:
    assert person_of(whom, "US").is_in(WRAPPINGS[wrapping](form))


@each
@pytest.mark.parametrize(("whom", "other"), [(w, f) for w, forms in OTHERS.items() for f in forms])
def test_what_only_looks_like_it_is_left_alone(whom: str, other: str, wrapping: str) -> None:
    assert not person_of(whom, "US").is_in(WRAPPINGS[wrapping](other))


def test_a_number_may_be_given_as_it_is_dialled_at_home() -> None:
    assert person_of("020 7946 0958", "GB").name == GB
    assert person_of(" Jo@Example.com ", "GB").name == "jo@example.com"


@pytest.mark.parametrize("whom", ["911", "anonymous", "", "@", "a@b", "12345", "+1415555"])
def test_what_is_neither_is_refused(whom: str) -> None:
    with pytest.raises(NobodyFound):
        person_of(whom, "US")


MARKS = st.sampled_from(["", " ", "-", ".", "/", "\u00a0", ") ", " - "])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(MARKS, min_size=9, max_size=9), st.sampled_from(["", "+1", "1-", "001", "(", "+1 ("])
)
@example([""] * 9, "")
def test_marks_between_digits_hide_nothing(marks: list[str], begin: str) -> None:
    written = begin + "4" + "".join(m + d for m, d in zip(marks, "155550123", strict=True))
    assert person_of(US, "US").is_in(json.dumps({"from": written}))


@settings(max_examples=150, deadline=None)
@given(st.from_regex(r"\+1[2-9][0-9]{9}", fullmatch=True))
def test_other_numbers_are_not_theirs(other: str) -> None:
    if other != US:
        assert not person_of(US, "US").is_in(json.dumps({"from": other, "to": other[2:]}))


def test_a_request_is_known_by_its_hash_alone() -> None:
    request = request_of(person_of(US, "US"), "prod")
    assert request == request_of(person_of("(415) 555-0123", "US"), "prod")
    assert request != request_of(person_of(US, "US"), "dev")
    assert "4155550123" not in request
