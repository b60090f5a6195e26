"""libphonenumber's metadata as one pattern for each country code: what most numbers need of it.

A valid number that is written in full, in digits and the usual marks between them, is found in a
tenth of the time that the library's own parser takes. Whatever is not plain (a national prefix,
another country's number, a zero that may or may not belong to it) is left to that parser: see
`phone`.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

_MARKED = re.compile(r"\+?\(?[1-9][0-9 ().-]{6,24}", re.ASCII)
_MARKS = str.maketrans("", "", " ().-")
_WRITTEN = re.compile(r"(\+?)([1-9][0-9]{6,14})", re.ASCII)
_KINDS = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
    "fixed_line",
    "mobile",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The numbering plan of a country code.

    `valid` are its national numbers; what begins with `unclear` may hold a prefix; `possible` are
    the numbers of its main region in the widest sense.
    """

    code: str
    valid: re.Pattern[str]
    unclear: re.Pattern[str]
    possible: re.Pattern[str]


def plain(written: str, region: str) -> str | None:
    """E.164 of a number in digits, with or without `+` and marks; None: the parser must say."""
    found = _WRITTEN.fullmatch(written)
    if found is None and _MARKED.fullmatch(written) is not None:
        found = _WRITTEN.fullmatch(written.translate(_MARKS))
    if found is None:
        return None
    plus, digits = found.groups()
    if plus:
        return _international(digits)
    plan = _plan_of_region(region)
    if plan is None:
        return None
    if not digits.startswith(plan.code):
        return _national(plan, digits)
    if plan.possible.fullmatch(digits) is None:
        return _national(plan, digits[len(plan.code) :])
    return None


def _international(digits: str) -> str | None:
    for length in (1, 2, 3):
        plan = _plan(digits[:length])
        if plan is not None:
            return _national(plan, digits[length:])
    return None


def _national(plan: Plan, digits: str) -> str | None:
    clear = digits[:1] != "0" and plan.unclear.match(digits) is None
    return f"+{plan.code}{digits}" if clear and plan.valid.fullmatch(digits) else None


@cache
def _plan_of_region(region: str) -> Plan | None:
    # Here and below: 20 ms of import, and 1 ms for each plan, that only an event with numbers pays.
    import phonenumbers

    code = phonenumbers.country_code_for_region(region)
    # What is possible, and which prefixes there are, differs by region: only the main one is asked.
    main = phonenumbers.region_code_for_country_code(code) if code else None
    return _plan(str(code)) if main == region else None


@cache
def _plan(code: str) -> Plan | None:
    import phonenumbers

    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    found = (phonenumbers.PhoneMetadata.metadata_for_region(name, None) for name in regions)
    plans: list[Any] = [plan for plan in found if plan is not None]
    if not plans:
        return None
    # Other regions of one code that begin with digits of their own are asked for these first.
    valid = "|".join(_of_region(plan) for plan in plans)
    main = plans[0]
    prefixes = [main.national_prefix_for_parsing, main.international_prefix]
    unclear = "|".join(f"(?:{prefix})" for prefix in prefixes if prefix)
    possible = main.general_desc.national_number_pattern
    return Plan(code, re.compile(valid), re.compile(unclear or "(?!)"), re.compile(possible))


def _of_region(plan: Any) -> str:
    """Numbers of any kind that are numbers of the region at all, and begin as it demands."""
    kinds = [
        f"{_lengths(kind)}(?:{kind.national_number_pattern})"
        for name in _KINDS
        if (kind := getattr(plan, name)) is not None and kind.national_number_pattern
    ]
    if not kinds:
        return "(?!)"
    begin = f"(?={plan.leading_digits})" if plan.leading_digits else ""
    at_all = f"(?=(?:{plan.general_desc.national_number_pattern})$)"
    return f"(?:{begin}{at_all}(?:{'|'.join(f'(?:{kind})' for kind in kinds)}))"


def _lengths(kind: Any) -> str:
    lengths = kind.possible_length
    return f"(?=(?:{'|'.join(f'.{{{length}}}' for length in lengths)})$)" if lengths else ""
