"""A telephone number as E.164 by libphonenumber, or the reason why what came is none.

Parsing alone proves nothing: "1001" with the region US would become +11001. Only what is valid in
its region or in the world is a number; extensions, short codes and withheld numbers stay what
they are. https://github.com/google/libphonenumber
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from switchboard.numbering import plain

DEFAULT_REGION = "US"
LONGEST = 128
REMEMBERED = 8192

# What callers show who show no number; the last row spells the words on a telephone's keys.
_WITHHELD = frozenset(
    {
        "anonymous", "blocked", "caller id blocked", "no caller id", "no number", "not available",
        "number withheld", "private", "private caller", "private number", "restricted",
        "unavailable", "unknown", "unknown caller", "unknown number", "withheld",
        "266696687", "2562533", "7378742833", "8656696", "86282452253",
    }
)  # fmt: skip
_SCHEME = re.compile(r"\s*(sips?|tel)\s*:\s*", re.IGNORECASE)
_DIALLED = re.compile(r"\+?[0-9().\s*#-]+", re.ASCII)
_EXTENSION_ALONE = re.compile(
    r"\s*(?:;?\s*ext(?:ension)?\s*[.:=#]?|x)\s*([0-9]{1,9})\s*", re.ASCII | re.IGNORECASE
)
_BETWEEN = re.compile(r"[().\s-]+")
_EXTENSION_DIGITS = 6
_WITHOUT_PLUS = re.compile(r"[1-9][0-9]{10,14}", re.ASCII)


class Reason(StrEnum):
    """Why something is no E.164 number."""

    WITHHELD = "withheld"
    """The caller shows none."""
    EXTENSION = "extension"
    """A number inside the company."""
    SHORT_CODE = "short_code"
    """Valid in its country alone, such as 911."""
    SIP_ADDRESS = "sip_address"
    """The address of a person or a device, with no number in it."""
    INVALID = "invalid"
    """No number of the region, nor of the world."""


class Phone(NamedTuple):
    """`number` is E.164, or `reason` says why not; `extension` is dialled after it, or alone."""

    number: str | None
    extension: str | None
    reason: Reason | None


@lru_cache(maxsize=REMEMBERED)
def parse(value: str, region: str = DEFAULT_REGION) -> Phone:
    """What `value` is as it came: `sip:` and `tel:` go, an extension is kept apart.

    A number without `+` is one of `region` (two capital letters), else, if it is long enough to
    hold a country code, one of the world: 8x8 drops the `+`.
    """
    if (number := plain(value, region)) is not None and value.lstrip("+") not in _WITHHELD:
        return Phone(number, None, None)
    return _careful(value[:LONGEST], region)


def _careful(value: str, region: str) -> Phone:
    written, is_sip = _inside(value.strip())
    if written.lower().lstrip("+") in _WITHHELD:
        return Phone(None, None, Reason.WITHHELD)
    if (alone := _EXTENSION_ALONE.fullmatch(written)) is not None:
        return Phone(None, alone[1], Reason.EXTENSION)
    if (found := _by_library(written, region)) is not None:
        return found
    return _why_not(written, region, is_sip=is_sip)


def _inside(written: str) -> tuple[str, bool]:
    """The user of a SIP address or URI, with its extension; whether it was one."""
    if "<" in written and ">" in written:
        written = written.partition("<")[2].partition(">")[0]
    scheme = _SCHEME.match(written)
    rest = written[scheme.end() :] if scheme else written
    is_sip = "@" in rest or (scheme is not None and scheme[1].lower() != "tel")
    user, *parameters = rest.partition("@")[0].split(";")
    kept = [one for one in parameters if one.lower().startswith(("ext=", "phone-context=+"))]
    return ";".join([user.strip(), *kept]), is_sip


def _by_library(written: str, region: str) -> Phone | None:
    """The first valid number among the ways in which it can be read."""
    import phonenumbers

    for attempt in _attempts(written):
        try:
            parsed = phonenumbers.parse(attempt, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
            return Phone(str(number), parsed.extension or None, None)
    return None


def _attempts(written: str) -> Sequence[str]:
    begin = "tel:" if ";" in written else ""
    digits = _BETWEEN.sub("", written.partition(";")[0])
    as_it_is = begin + written
    return (as_it_is, f"+{digits}") if _WITHOUT_PLUS.fullmatch(digits) else (as_it_is,)


def _why_not(written: str, region: str, *, is_sip: bool) -> Phone:
    user = written.partition(";")[0]
    digits = _BETWEEN.sub("", user)
    if _DIALLED.fullmatch(user) is None or not digits.strip("*#+"):
        return Phone(None, None, Reason.SIP_ADDRESS if is_sip else Reason.INVALID)
    if not digits.isdecimal() or len(digits) > _EXTENSION_DIGITS:
        return Phone(None, None, Reason.INVALID)
    if _is_short_code(digits, region):
        return Phone(None, None, Reason.SHORT_CODE)
    return Phone(None, digits, Reason.EXTENSION)


def _is_short_code(digits: str, region: str) -> bool:
    """Four digits are an extension, whatever they may be elsewhere, unless they call for help."""
    import phonenumbers
    from phonenumbers import shortnumberinfo

    if shortnumberinfo.is_emergency_number(digits, region):
        return True
    if len(digits) == 4:
        return False
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return False
    return bool(shortnumberinfo.is_valid_short_number_for_region(parsed, region))
