"""Personal data: shown in part, replaced by what only the key's holder can tell, or taken out."""

import base64
import hashlib
import hmac
import re
from typing import Any

from switchboard.mapping.catalogue import Function, Need, gives, refused
from switchboard.mapping.values import number, text

LONGEST_FREE_TEXT = 64 * 1024

# A word begins where they begin: from each character of a long one it would be read again.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_NUMBER = re.compile(
    r"(?<![\w.:/-])\+?\(?[0-9](?:[ ().-]{0,3}[0-9]){6,22}(?![\w:]|[.-][0-9])", re.ASCII
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ .-].*)?", re.ASCII)
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}", re.ASCII)
_CARD_DIGITS = range(13, 20)
_PHONE_DIGITS = range(7, 16)


def mask(value: Any, keep: Any = 4) -> str | None:
    """All but the last characters, four if nothing else is said, as `*`; half of them at least."""
    written, kept = text(value), number(keep)
    if written is None:
        return None
    shown = max(0, min(len(written) // 2, int(kept or 0)))
    return "*" * (len(written) - shown) + written[len(written) - shown :]


def hash_of(key: str, value: Any) -> str | None:
    """HMAC-SHA256 of a text under the destination's key, in hex: equal values give equal hashes.

    The key is the field `mapping_key` of the destination's secret: without it nobody can try which
    value gave a hash.
    """
    written = text(value)
    return None if written is None else _hmac(key, written).hex()


def token_of(key: str, value: Any, kind: Any = "") -> str | None:
    """A short token for a text, such as `tok_mfzwizltoq2dm`, under the destination's key.

    The same text gives the same token; of another kind, such as 'phone' and 'name', another one.
    """
    written, sort = text(value), text(kind) or ""
    if written is None:
        return None
    made = base64.b32encode(_hmac(key, f"{len(sort)}:{sort}{written}")[:15]).decode().lower()
    return f"tok_{made}"


def redact(value: Any) -> str | None:
    """Free text without phone numbers, e-mail addresses and card numbers.

    `[phone]`, `[e-mail]` and `[card]` stand in their places. A card is known by Luhn's check digit,
    a phone number by its 7 to 15 digits; dates and numbers in words, ids and addresses stay.
    """
    written = text(value)
    if written is None:
        return None
    return _NUMBER.sub(_redacted, _EMAIL.sub("[e-mail]", written[:LONGEST_FREE_TEXT]))


def _redacted(match: "re.Match[str]") -> str:
    written = match.group()
    digits = [int(one) for one in written if one.isdigit()]
    if len(digits) in _CARD_DIGITS and _is_card(digits):
        return "[card]"
    if len(digits) not in _PHONE_DIGITS or _is_no_phone(written):
        return written
    return "[phone]"


def _is_no_phone(written: str) -> bool:
    return bool(_DATE.fullmatch(written) or _ADDRESS.fullmatch(written))


def _is_card(digits: list[int]) -> bool:
    """Luhn: every second digit from the right is doubled, and the digits' sum ends in 0."""
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def _hmac(key: str, written: str) -> bytes:
    return hmac.digest(key.encode(), written.encode("utf-8", "surrogatepass"), hashlib.sha256)


FUNCTIONS = (
    Function(
        "mask",
        mask,
        1,
        2,
        (
            gives("mask('+14155552671')", "********2671"),
            gives("mask('abc', `0`)", "***"),
            gives("mask('1001')", "**01"),
            gives("mask(nothing)", None),
            refused("mask(`[]`)", "takes a text, and found an array"),
        ),
    ),
    Function(
        "hash",
        hash_of,
        1,
        1,
        (
            gives(
                "hash('+14155552671')",
                "f6f59c1f0c68e680c3a7cbcfa07de6ff5b904d8ec099ed722a7f25ece6317ff9",
            ),
            gives("hash('a') == hash('a')", True),
            gives("hash('a') == hash('b')", False),
            gives("hash('7') == hash(`7`)", True),
            gives("hash(nothing)", None),
            refused("hash(`{}`)", "takes a text, and found an object"),
        ),
        needs=Need.KEY,
    ),
    Function(
        "tokenise",
        token_of,
        1,
        2,
        (
            gives("tokenise('Ann Lee')", "tok_tnt7ziscikywma2tuswx2rfo"),
            gives("tokenise('Ann Lee') == tokenise('Ann Lee')", True),
            gives("tokenise('1', 'phone') == tokenise('1', 'case')", False),
            gives("length(tokenise('x'))", 28),
            gives("tokenise(nothing)", None),
            refused("tokenise(`[]`)", "takes a text, and found an array"),
        ),
        needs=Need.KEY,
    ),
    Function(
        "redact",
        redact,
        1,
        1,
        (
            gives("redact('Call me: +1 (415) 555-2671.')", "Call me: [phone]."),
            gives("redact('mail ann.lee@example.com, please')", "mail [e-mail], please"),
            gives("redact('card 4111 1111 1111 1111 exp 12/29')", "card [card] exp 12/29"),
            gives("redact('order 123456 of 2026-11-24')", "order 123456 of 2026-11-24"),
            gives("redact(nothing)", None),
            refused("redact(`{}`)", "takes a text, and found an object"),
        ),
    ),
)
