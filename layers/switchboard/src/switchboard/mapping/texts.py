"""Texts: what JMESPath's own functions lack, or refuse where a field is absent."""

from typing import Any

from switchboard.mapping.catalogue import Function, gives, refused
from switchboard.mapping.values import Impossible, number, text, type_name

LONGEST_TEXT = 64 * 1024
MOST_PARTS = 1000


def upper(value: Any) -> str | None:
    """The text in capitals."""
    written = text(value)
    return None if written is None else written.upper()


def lower(value: Any) -> str | None:
    """The text in small letters."""
    written = value if type(value) is str else text(value)
    return None if written is None else written.lower()


def title_case(value: Any) -> str | None:
    """The text with a capital at the beginning of each word, and small letters behind it."""
    written = text(value)
    if written is None:
        return None
    return " ".join(word[:1].upper() + word[1:].lower() for word in written.split(" "))


def trim(value: Any) -> str | None:
    """The text without white space at both ends."""
    written = value if type(value) is str else text(value)
    return None if written is None else written.strip()


def concat(*values: Any) -> str:
    """Texts and numbers one after the other; null is left out."""
    parts = [value if type(value) is str else text(value) or "" for value in values]
    return "".join(parts)[:LONGEST_TEXT]


def join_texts(separator: Any, *values: Any) -> str:
    """What is there of texts, numbers and arrays of them, with the first value in between."""
    between = text(separator) or ""
    parts: list[str] = []
    for value in values:
        several = value if isinstance(value, list) else [value]
        parts += [written for one in several if (written := text(one))]
    return between.join(parts)[:LONGEST_TEXT]


def split(value: Any, separator: Any = ",") -> list[str] | None:
    """The parts of a text between separators, without white space around them; none is empty.

    Several characters are each a separator: 8x8 writes lists with commas and with semicolons.
    """
    written, marks = text(value), text(separator)
    if not marks:
        raise Impossible("takes a text and its separators")
    if written is None:
        return None
    for mark in marks[1:]:
        written = written.replace(mark, marks[0])
    parts = (part.strip() for part in written.split(marks[0]))
    return [part for part in parts if part][:MOST_PARTS]


def replace(value: Any, old: Any, new: Any) -> str | None:
    """The text with every occurrence of the second value replaced by the third."""
    written, sought, instead = text(value), text(old), text(new)
    if written is None or not sought:
        return written
    found = written.count(sought) * max(0, len(instead or "") - len(sought))
    if len(written) + found > LONGEST_TEXT:
        raise Impossible(f"would make a text of more than {LONGEST_TEXT} characters")
    return written.replace(sought, instead or "")


def truncate(value: Any, length: Any, end: Any = "…") -> str | None:
    """The text, cut to so many characters; where it is cut it ends with the third value."""
    written, most, ending = text(value), number(length), text(end) or ""
    if most is None or most < 0:
        raise Impossible("takes a text and a length")
    if written is None or len(written) <= most:
        return written
    kept = max(0, int(most) - len(ending))
    return (written[:kept] + ending)[: int(most)]


def digits(value: Any) -> str | None:
    """The digits 0 to 9 of a text, and nothing else."""
    written = text(value)
    return None if written is None else "".join(one for one in written if one in "0123456789")


def contains_any(value: Any, *words: Any) -> bool | None:
    """Whether a text has one of the words in it, in capitals or not; null if it is null."""
    written = text(value)
    if written is None:
        return None
    seen = written.lower()
    sought: list[Any] = []
    for word in words:
        sought += word if isinstance(word, list) else [word]
    if any(not isinstance(word, str | None) for word in sought):
        wrong = next(word for word in sought if not isinstance(word, str | None))
        raise Impossible(f"takes a text and words, and found {type_name(wrong)}")
    return any(word.lower() in seen for word in sought if word)


FUNCTIONS = (
    Function(
        "upper",
        upper,
        1,
        1,
        (
            gives("upper('abc')", "ABC"),
            gives("upper('straße')", "STRASSE"),
            gives("upper(`7`)", "7"),
            gives("upper(nothing)", None),
            refused("upper(`{}`)", "takes a text, and found an object"),
        ),
    ),
    Function(
        "lower",
        lower,
        1,
        1,
        (
            gives("lower('ABC')", "abc"),
            gives("lower('Phone')", "phone"),
            gives("lower('')", ""),
            gives("lower(nothing)", None),
            refused("lower(`true`)", "takes a text, and found a boolean"),
        ),
    ),
    Function(
        "title_case",
        title_case,
        1,
        1,
        (
            gives("title_case('ANN LEE')", "Ann Lee"),
            gives("title_case('customer care')", "Customer Care"),
            gives("title_case('müller')", "Müller"),
            gives("title_case(nothing)", None),
            refused("title_case(`[]`)", "takes a text, and found an array"),
        ),
    ),
    Function(
        "trim",
        trim,
        1,
        1,
        (
            gives("trim('  a ')", "a"),
            gives("trim('a b')", "a b"),
            gives("trim(`7`)", "7"),
            gives("trim(nothing)", None),
            refused("trim(`[]`)", "takes a text, and found an array"),
        ),
    ),
    Function(
        "concat",
        concat,
        1,
        32,
        (
            gives("concat('call ', `7`)", "call 7"),
            gives("concat('a', nothing, 'b')", "ab"),
            gives("concat(`1.5`, ' h')", "1.5 h"),
            gives("concat(nothing)", ""),
            refused("concat('a', `[]`)", "takes a text, and found an array"),
        ),
    ),
    Function(
        "join_texts",
        join_texts,
        2,
        32,
        (
            gives("join_texts(', ', 'a', nothing, 'b')", "a, b"),
            gives('join_texts(\' / \', `["x", "", "y"]`, \'z\')', "x / y / z"),
            gives("join_texts('-', `1`, `2`)", "1-2"),
            gives("join_texts(', ', nothing)", ""),
            refused("join_texts(', ', `{}`)", "takes a text, and found an object"),
        ),
    ),
    Function(
        "split",
        split,
        1,
        2,
        (
            gives("split('a, b,,c')", ["a", "b", "c"]),
            gives("split('a;b,c', ',;')", ["a", "b", "c"]),
            gives("split('one')", ["one"]),
            gives("split('')", []),
            gives("split(nothing)", None),
            refused("split(`[]`)", "takes a text, and found an array"),
        ),
    ),
    Function(
        "replace",
        replace,
        3,
        3,
        (
            gives("replace('a-b-c', '-', ' ')", "a b c"),
            gives("replace('acme01~~1162', '~~', '/')", "acme01/1162"),
            gives("replace('abc', 'b', nothing)", "ac"),
            gives("replace(nothing, 'a', 'b')", None),
            refused("replace(`[]`, 'a', 'b')", "takes a text, and found an array"),
        ),
    ),
    Function(
        "truncate",
        truncate,
        2,
        3,
        (
            gives("truncate('abcdef', `4`)", "abc…"),
            gives("truncate('abcd', `4`)", "abcd"),
            gives("truncate('abcdef', `4`, '')", "abcd"),
            gives("truncate(nothing, `4`)", None),
            refused("truncate('abc', nothing)", "takes a text and a length"),
            refused("truncate(`{}`, `4`)", "takes a text, and found an object"),
        ),
    ),
    Function(
        "digits",
        digits,
        1,
        1,
        (
            gives("digits('Case #00123-4')", "001234"),
            gives("digits(`42`)", "42"),
            gives("digits('none')", ""),
            gives("digits(nothing)", None),
            refused("digits(`false`)", "takes a text, and found a boolean"),
        ),
    ),
    Function(
        "contains_any",
        contains_any,
        2,
        16,
        (
            gives("contains_any('VIP support', 'vip', 'gold')", True),
            gives('contains_any(\'sales\', `["vip", "gold"]`)', False),
            gives("contains_any('sales', nothing)", False),
            gives("contains_any(nothing, 'vip')", None),
            refused("contains_any('sales', `7`)", "takes a text and words, and found a number"),
        ),
    ),
)
