"""Phone numbers in mappings: E.164 where a number is one, else null. See `switchboard.phone`."""

from typing import Any

from switchboard.mapping.catalogue import Function, gives, refused
from switchboard.mapping.values import Impossible, text
from switchboard.phone import DEFAULT_REGION, Phone, parse


def e164(value: Any, region: Any = DEFAULT_REGION) -> str | None:
    """`+14155552671`, or null where `value` is no valid number of `region` or the world."""
    phone = _phone(value, region)
    return None if phone is None else phone.number


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


def extension(value: Any, region: Any = DEFAULT_REGION) -> str | None:
    """The extension behind a number, or the number itself where it is one inside the company."""
    phone = _phone(value, region)
    return None if phone is None else phone.extension


def _phone(value: Any, region: Any) -> Phone | None:
    written = text(value)
    if not isinstance(region, str) or len(region) != 2:
        raise Impossible('takes a region of two letters, such as "US"')
    return parse(written, region.upper()) if written else None


FUNCTIONS = (
    Function(
        "e164",
        e164,
        1,
        2,
        (
            gives("e164('(415) 555-2671')", "+14155552671"),
            gives("e164('030 901820', 'DE')", "+4930901820"),
            gives("e164('sip:+14155552671@8x8.com')", "+14155552671"),
            gives("e164(`4155552671`)", "+14155552671"),
            gives("e164('1001')", None),
            gives("e164('911')", None),
            gives("e164('anonymous')", None),
            gives("e164(nothing)", None),
            refused("e164('+14155552671', `7`)", "takes a region of two letters"),
            refused("e164(`[]`)", "takes a text, and found an array"),
        ),
    ),
    Function(
        "national",
        national,
        1,
        2,
        (
            gives("national('+14155552671')", "(415) 555-2671"),
            gives("national('030901820', 'DE')", "030 901820"),
            gives("national('+442079460958')", "020 7946 0958"),
            gives("national('1001')", None),
            gives("national(nothing)", None),
            refused("national(`{}`)", "takes a text, and found an object"),
        ),
    ),
    Function(
        "country",
        country,
        1,
        2,
        (
            gives("country('+4930901820')", "DE"),
            gives("country('(415) 555-2671')", "US"),
            gives("country('+16045551234')", "CA"),
            gives("country('911')", None),
            gives("country(nothing)", None),
            refused("country(`true`)", "takes a text, and found a boolean"),
        ),
    ),
    Function(
        "extension",
        extension,
        1,
        2,
        (
            gives("extension('+1 415 555 2671 ext. 12')", "12"),
            gives("extension('tel:+14155552671;ext=12')", "12"),
            gives("extension('1001')", "1001"),
            gives("extension('+14155552671')", None),
            gives("extension(nothing)", None),
            refused("extension(`[]`)", "takes a text, and found an array"),
        ),
    ),
)
