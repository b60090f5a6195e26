"""Personal data out of what a whole channel reads: phones, e-mail addresses and names.

Phones and addresses are known by their shape. A name is known by its place in the event: what
stands there is masked wherever it turns up in the message.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from switchboard.mapping.privacy import mask

Mask = Callable[[str], str]

_PHONE = re.compile(r"(?<![\w.:/#^-])\+?\(?\d[\d ().-]{5,20}\d(?![\w:-])")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# It begins only where a word does: from every character of a long one, it would read it all again.
_EMAIL = re.compile(r"(?<![\w.+-])([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)")
_DIGITS = range(7, 16)

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_PERSONAL = frozenset(
    {"phone", "email", "mail", "mobile", "msisdn", "ani", "caller", "callee", "firstname"}
    | {"lastname", "surname", "nickname", "username", "fullname", "displayname"}
)
_THINGS = frozenset(
    {"queue", "skill", "room", "channel", "campaign", "tenant", "event", "type", "file", "host"}
    | {"group", "site", "device", "topic", "field", "list", "code", "status", "media", "domain"}
    | {"conference", "meeting", "service", "program", "script", "disposition", "menu", "app"}
)
_SHORTEST = 2


def masker(data: Any) -> Mask:
    """What masks a text of an event whose data is `data`."""
    shapeless = {one for one in personal_values(data) if not _has_a_shape(one)}
    values = sorted(shapeless, key=lambda value: (-len(value), value))
    known = (
        re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, values)) + r")(?!\w)", re.IGNORECASE)
        if values
        else None
    )

    def masked(text: str) -> str:
        hidden = known.sub(lambda match: _stars(match.group()), text) if known else text
        hidden = _EMAIL.sub(lambda match: f"{_stars(match[1])}@{match[2]}", hidden)
        return _PHONE.sub(_phone, hidden)

    return masked


def personal_values(data: Any, parent: str = "") -> Iterator[str]:
    """The texts of `data` that stand where a person's name, phone or address does."""
    if isinstance(data, list):
        for one in data:
            yield from personal_values(one, parent)
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        if is_personal(str(key), parent):
            yield from _texts(value)
        else:
            yield from personal_values(value, str(key))


def is_personal(key: str, parent: str = "") -> bool:
    """Whether a field says something of a person, by its name and that of what holds it."""
    words = [word.lower() for word in _WORDS.findall(key)]
    if set(words) & _PERSONAL:
        return True
    if not words or words[-1] not in {"name", "names"}:
        return False
    around = words[:-1] or [word.lower() for word in _WORDS.findall(parent)]
    return not (set(around) | {word.removesuffix("s") for word in around}) & _THINGS


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and len(value.strip()) >= _SHORTEST:
        yield value.strip()
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _has_a_shape(text: str) -> bool:
    return bool(_PHONE.fullmatch(text) or _EMAIL.fullmatch(text))


def _stars(text: str) -> str:
    return mask(text, 0) or ""


def _phone(match: "re.Match[str]") -> str:
    text = match.group()
    digits = sum(character.isdigit() for character in text)
    if digits not in _DIGITS or _DATE.match(text):
        return text
    return mask(text) or ""
