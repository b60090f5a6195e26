"""Phone numbers in mappings: E.164 where a number is one, else null. See `switchboard.phone`."""

from typing import Any

from switchboard.mapping.values import Impossible, text
from switchboard.phone import DEFAULT_REGION, parse


def e164(value: Any, region: Any = DEFAULT_REGION) -> str | None:
    """`+14155552671`, or null where `value` is no valid number of `region` or the world."""
    written = text(value)
    if not isinstance(region, str) or len(region) != 2:
        raise Impossible('takes a region of two letters, such as "US"')
    return parse(written, region.upper()).number if written else None


def national(value: Any, region: Any = DEFAULT_REGION) -> str | None:
    """`(415) 555-2671`: as it is written in its own country."""
    number = e164(value, region)
    if number is None:
        return None
    # 20 ms of import that only a mapping with a phone in it pays.
    import phonenumbers

    written = phonenumbers.PhoneNumberFormat.NATIONAL
    return str(phonenumbers.format_number(phonenumbers.parse(number), written))


def country(value: Any, region: Any = DEFAULT_REGION) -> str | None:
    """`US`: the ISO 3166 region of a valid number."""
    number = e164(value, region)
    if number is None:
        return None
    import phonenumbers

    found = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    return str(found) if found else None
