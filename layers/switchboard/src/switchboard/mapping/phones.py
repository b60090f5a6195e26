"""Phone numbers by libphonenumber: E.164 where a number is one, else null.

Parsing alone proves nothing: "1001" with the region US would become +11001. Only what is valid in
its region counts, so that extensions, short codes and withheld numbers stay null.
"""

from typing import Any

from switchboard.mapping.values import Impossible, text

DEFAULT_REGION = "US"


def e164(value: Any, region: Any = DEFAULT_REGION) -> str | None:
    """`+14155552671`, or null where `value` is no valid number of `region` or the world."""
    return _formatted(value, region, "E164")


def national(value: Any, region: Any = DEFAULT_REGION) -> str | None:
    """`(415) 555-2671`: as it is written in its own country."""
    return _formatted(value, region, "NATIONAL")


def country(value: Any, region: Any = DEFAULT_REGION) -> str | None:
    """`US`: the ISO 3166 region of a valid number."""
    parsed = _parsed(value, region)
    if parsed is None:
        return None
    import phonenumbers

    found = phonenumbers.region_code_for_number(parsed)
    return str(found) if found else None


def _formatted(value: Any, region: Any, form: str) -> str | None:
    parsed = _parsed(value, region)
    if parsed is None:
        return None
    import phonenumbers

    return str(phonenumbers.format_number(parsed, getattr(phonenumbers.PhoneNumberFormat, form)))


def _parsed(value: Any, region: Any) -> Any:
    written = text(value)
    if not isinstance(region, str) or len(region) != 2:
        raise Impossible('takes a region of two letters, such as "US"')
    if not written:
        return None
    # 20 ms of import that only a mapping with a phone in it pays.
    import phonenumbers

    try:
        parsed = phonenumbers.parse(_without_scheme(written)[:64], region.upper())
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_valid_number(parsed) else None


def _without_scheme(written: str) -> str:
    """`sip:+14155552671@host` and `tel:+1…` as the number in them."""
    scheme, separator, rest = written.partition(":")
    if separator and scheme.strip().lower() in {"sip", "sips", "tel"}:
        return rest.split("@", 1)[0].split(";", 1)[0]
    return written
