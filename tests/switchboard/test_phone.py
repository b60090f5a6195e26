"""Numbers: what is one, what is none and why, and that the quick way is the library's."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.numbering import plain
from switchboard.phone import Phone, Reason, parse

REGIONS = ("US", "GB", "DE", "IT", "AR", "MX", "RU", "AU", "CA", "BR", "HU", "XX")
any_text = st.text(st.characters(exclude_categories=()), max_size=40)
like_a_number = st.from_regex(r"\A(sip:|tel:|\+|00|011|0|1)?[0-9() x;=@#*.-]{0,20}\Z")
examples = st.sampled_from(
    [
        number
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        for kind in range(11)
        if (number := phonenumbers.example_number_for_type(region, kind)) is not None
    ]
)


@pytest.mark.parametrize(
    ("value", "region", "number", "extension"),
    [
        ("+14155552671", "US", "+14155552671", None),
        ("4155552671", "US", "+14155552671", None),
        ("14155552671", "US", "+14155552671", None),
        ("(415) 555-2671", "US", "+14155552671", None),
        ("442079460958", "GB", "+442079460958", None),
        ("02079460958", "GB", "+442079460958", None),
        ("442079460958", "US", "+442079460958", None),
        ("0044 20 7946 0958", "GB", "+442079460958", None),
        ("011442079460958", "US", "+442079460958", None),
        ("030 901820", "DE", "+4930901820", None),
        ("sip:+14155552671@8x8.example", "US", "+14155552671", None),
        ("sips:4155552671;ext=12@8x8.example;user=phone", "US", "+14155552671", "12"),
        ('"Ann" <sip:+14155552671@8x8.example>;tag=9', "US", "+14155552671", None),
        ("14155552671@8x8.example", "US", "+14155552671", None),
        ("tel:+14155552671;ext=0012", "US", "+14155552671", "0012"),
        ("tel:2079460958;phone-context=+44", "US", "+442079460958", None),
        ("415-555-2671 x12", "US", "+14155552671", "12"),
        ("415-555-2671 ext. 4012", "US", "+14155552671", "4012"),
    ],
)
def test_a_number(value: str, region: str, number: str, extension: str | None) -> None:
    assert parse(value, region) == Phone(number, extension, None)


@pytest.mark.parametrize(
    ("value", "region", "extension", "reason"),
    [
        ("1001", "US", "1001", Reason.EXTENSION),
        ("0123", "US", "0123", Reason.EXTENSION),
        ("2001", "US", "2001", Reason.EXTENSION),
        ("sip:1001@pbx.example", "US", "1001", Reason.EXTENSION),
        ("x4012", "US", "4012", Reason.EXTENSION),
        ("ext. 12", "US", "12", Reason.EXTENSION),
        ("911", "US", None, Reason.SHORT_CODE),
        ("112", "GB", None, Reason.SHORT_CODE),
        ("sip:999@pbx.example", "GB", None, Reason.SHORT_CODE),
        ("24273", "US", None, Reason.SHORT_CODE),
        ("anonymous", "US", None, Reason.WITHHELD),
        ("Restricted", "US", None, Reason.WITHHELD),
        ("sip:anonymous@anonymous.invalid", "US", None, Reason.WITHHELD),
        ("+266696687", "US", None, Reason.WITHHELD),
        ("86282452253", "US", None, Reason.WITHHELD),
        ("sip:ann.lee@example.com", "US", None, Reason.SIP_ADDRESS),
        ("ann.lee@example.com", "US", None, Reason.SIP_ADDRESS),
        ("+1001", "US", None, Reason.INVALID),
        ("+911", "US", None, Reason.INVALID),
        ("15550100123", "US", None, Reason.INVALID),
        ("5552671", "US", None, Reason.INVALID),
        ("not a number", "US", None, Reason.INVALID),
        ("", "US", None, Reason.INVALID),
        ("4155552671", "XX", None, Reason.INVALID),
    ],
)
def test_no_number_and_why(value: str, region: str, extension: str | None, reason: Reason) -> None:
    assert parse(value, region) == Phone(None, extension, reason)


@given(value=any_text | like_a_number, region=st.sampled_from(REGIONS))
def test_either_a_number_or_a_reason(value: str, region: str) -> None:
    found = parse(value, region)
    assert (found.number is None) != (found.reason is None)
    if found.number is not None:
        assert phonenumbers.is_valid_number(phonenumbers.parse(found.number))
        assert parse(found.number, "DE").number == found.number


WRITINGS = (
    "+{code}{national}",
    "{code}{national}",
    "{national}",
    "0{national}",
    "({start}) {end}",
    "+{code} ({start}) {end}",
    "+{code}-{start}.{end}",
    "({code}) {start} {end}",
)


def by_library(value: str, region: str) -> str | None:
    try:
        parsed = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


@given(
    number=examples,
    changed=st.lists(st.tuples(st.integers(0, 14), st.sampled_from("0123456789")), max_size=3),
    write=st.sampled_from(WRITINGS),
    region=st.sampled_from(REGIONS) | st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)),
)
def test_the_quick_way_says_nothing_that_the_library_does_not(
    number: phonenumbers.PhoneNumber,
    changed: list[tuple[int, str]],
    write: str,
    region: str,
) -> None:
    national = list(phonenumbers.national_significant_number(number))
    for position, digit in changed:
        if position < len(national):
            national[position] = digit
    digits = "".join(national)
    value = write.format(
        code=number.country_code, national=digits, start=digits[:3], end=digits[3:]
    )
    quick = plain(value, region)
    assert quick is None or quick == by_library(value, region)


def test_the_quick_way_is_taken_by_nearly_every_number_in_full() -> None:
    """Else it would be right, and useless."""
    numbers = [
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        for region in ("US", "GB", "DE", "FR", "AU", "SG", "CA", "ES", "HK")
        if (number := phonenumbers.example_number(region)) is not None
    ]
    assert [plain(number, "US") for number in numbers] == numbers
    assert plain("(415) 555-2671", "US") == plain("+1 415-555-2671", "US") == "+14155552671"
