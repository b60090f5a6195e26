"""Every way in which a phone number or an e-mail address may stand in a text. Pure.

A text is searched as it is, and again as often as there is something in it to be unescaped: JSON in
JSON, a URL's percents, HTML. A number is found in digits, with the marks that are put between them,
with its country code or as it is dialled at home; but not where it is a part of longer digits, nor
where another country's code is before it.
"""

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from switchboard.errors import SwitchboardError
from switchboard.phone import parse

ROUNDS = 8
SHORTEST = 7
"""Digits of a national number: fewer would be found in any order number."""

_ESCAPED = re.compile(
    r"""\\u([0-9a-fA-F]{4})|\\(["\\/bfnrt])|((?:%[0-9a-fA-F]{2})+)|(&\#?[0-9a-zA-Z]{2,8};)"""
)
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_BETWEEN = r"[\s().\-/+\u00a0\u2010-\u2015\u202f\u2212]{0,3}"
_CODE_BEFORE = re.compile(r"(?:\+|(?<![0-9])00)[\s(]*([0-9]{1,3})[\s().\-/\u00a0]*$", re.ASCII)
_CODE_CHARACTERS = 12
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]+\.[^\s@.]+")


class NobodyFound(SwitchboardError):
    """What was given is neither a phone number nor an e-mail address."""


@dataclass(frozen=True, slots=True)
class Person:
    """`name` is E.164 or the address in small letters; `code` the country's, for numbers."""

    name: str
    pattern: re.Pattern[str]
    code: str = ""

    def is_in(self, text: str) -> bool:
        """Whether a form of it stands in `text`."""
        return any(self._is_in(reading) for reading in readings(text))

    def _is_in(self, text: str) -> bool:
        return any(
            not self.code or self._is_ours(found.group(), text[: found.start()][-_CODE_CHARACTERS:])
            for found in self.pattern.finditer(text)
        )

    def _is_ours(self, found: str, before: str) -> bool:
        """Whether no other country's code stands before what may be the number at home."""
        other = _CODE_BEFORE.search(before)
        return other is None or found.startswith("+") or other[1] == self.code


def person_of(written: str, region: str) -> Person:
    """Whose data it is.

    Raises:
        NobodyFound: it is neither a valid phone number nor an e-mail address.
    """
    if "@" in written and _EMAIL.fullmatch(written.strip()):
        address = written.strip().lower()
        found = rf"(?<![\w.+-]){re.escape(address)}(?![\w-]|\.\w)"
        return Person(address, re.compile(found, re.IGNORECASE))
    number = parse(written, region).number
    if number is None:
        raise NobodyFound(
            f"this is neither an e-mail address nor a phone number of {region} or of the world;"
            " write the number with + and its country code"
        )
    return _of_number(number)


def _of_number(number: str) -> Person:
    # 20 ms of import that no other command needs.
    import phonenumbers

    parsed = phonenumbers.parse(number)
    code = str(parsed.country_code)
    national = phonenumbers.national_significant_number(parsed)
    if len(national) < SHORTEST:
        raise NobodyFound(f"a number of fewer than {SHORTEST} digits is no one person's")
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(
        phonenumbers.region_code_for_number(parsed) or "", None
    )
    prefix = (metadata and metadata.national_prefix) or "0"
    abroad = rf"(?:\+|00|011)?{_BETWEEN}{_spelled(code)}{_BETWEEN}(?:\(0\){_BETWEEN})?"
    at_home = rf"{_spelled(prefix)}{_BETWEEN}"
    pattern = rf"(?<![0-9])(?:{abroad}|{at_home})?{_spelled(national)}(?![0-9])"
    return Person(number, re.compile(pattern), code)


def _spelled(digits: str) -> str:
    return _BETWEEN.join(digits)


def readings(text: str) -> Iterator[str]:
    """`text`, and what it is when its escapes are read, and theirs."""
    for _ in range(ROUNDS):
        yield text
        read = _ESCAPED.sub(_unescaped, text)
        if read == text:
            return
        text = read


def _unescaped(found: "re.Match[str]") -> str:
    unicode, short, percents, entity = found.groups()
    if unicode:
        return chr(int(unicode, 16))
    if short:
        return _SHORT.get(short, short)
    if percents:
        return bytes.fromhex(percents.replace("%", "")).decode("utf-8", "replace")
    return html.unescape(entity)


def request_of(person: Person, stage: str) -> str:
    """The request's own hash, by which it is recorded.

    A phone number could be guessed from a plain hash: this one takes its time for each guess.
    """
    made = hashlib.scrypt(person.name.encode(), salt=stage.encode(), n=1 << 14, r=8, p=1, dklen=20)
    return made.hex()
