"""Pulsar's message ids: base64 of the protobuf `MessageIdData`.

https://github.com/apache/pulsar/blob/v4.0.8/pulsar-common/src/main/proto/PulsarApi.proto

An id is answered and resumed from exactly as it came: of a message of a batch, one that was written
anew acknowledges the whole batch. Only to step over a message that cannot be delivered is one made.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

_LEDGER, _ENTRY, _PARTITION, _BATCH_INDEX = 1, 2, 3, 4
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}
ABSENT = -1


class NoMessageId(ValueError):
    """The text is no message id."""


@dataclass(frozen=True, slots=True)
class MessageId:
    """Where a message is. `partition` and `batch_index` are -1 where the id has none."""

    ledger: int
    entry: int
    partition: int = ABSENT
    batch_index: int = ABSENT

    @property
    def position(self) -> tuple[int, int, int]:
        """Ids of one topic or partition are in this order, ids of two are in none."""
        return self.ledger, self.entry, self.batch_index

    @classmethod
    def read(cls, text: str) -> Self:
        """The id in `text`; unknown fields are skipped.

        Raises:
            NoMessageId: it is no standard base64, or no such protobuf.
        """
        try:
            fields = _numbers(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError, IndexError):
            raise NoMessageId(f"{text[:80]!r} is no message id") from None
        if _LEDGER not in fields or _ENTRY not in fields:
            raise NoMessageId(f"{text[:80]!r} names no ledger and entry")
        return cls(
            fields[_LEDGER],
            fields[_ENTRY],
            fields.get(_PARTITION, ABSENT),
            fields.get(_BATCH_INDEX, ABSENT),
        )

    def written(self) -> str:
        """The id as a text that a reader may resume from."""
        fields = {_LEDGER: self.ledger, _ENTRY: self.entry}
        if self.partition != ABSENT:
            fields[_PARTITION] = self.partition
        if self.batch_index != ABSENT:
            fields[_BATCH_INDEX] = self.batch_index
        data = b"".join(_varint(number << 3) + _varint(value) for number, value in fields.items())
        return base64.b64encode(data).decode("ascii")

    def ways_past(self) -> Iterator["MessageId"]:
        """Where to resume so that the one message after this one is left out.

        It is the next of this batch, or the next entry, or the first of the next entry's batch;
        resuming goes on after the id it is given.
        """
        if self.batch_index != ABSENT:
            yield MessageId(self.ledger, self.entry, self.partition, self.batch_index + 1)
        yield MessageId(self.ledger, self.entry + 1, self.partition)
        yield MessageId(self.ledger, self.entry + 1, self.partition, 0)

    def just_before(self) -> "MessageId":
        """Where to resume so that this message is the next, or one a little before it."""
        if self.batch_index > 0:
            return MessageId(self.ledger, self.entry, self.partition, self.batch_index - 1)
        return MessageId(self.ledger, self.entry - 1, self.partition)


def readable(text: str) -> MessageId | None:
    """The id in `text`, if there is one."""
    try:
        return MessageId.read(text)
    except NoMessageId:
        return None


def _numbers(data: bytes) -> dict[int, int]:
    """The varint fields of a message, by number; what is written in another way is skipped."""
    found: dict[int, int] = {}
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        wire = key & 7
        if wire == _VARINT:
            found[key >> 3], at = _read_varint(data, at)
        elif wire == _BYTES:
            length, at = _read_varint(data, at)
            at += length
        elif wire in _WIDTHS:
            at += _WIDTHS[wire]
        else:
            raise ValueError(wire)
    if at != len(data):
        raise ValueError(at)
    return found


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    if byte < 0x80:
        return byte, at + 1
    value, shift = byte & 0x7F, 7
    while True:
        at += 1
        byte = data[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at + 1
        shift += 7
        if shift >= 64:
            raise ValueError(shift)


def _varint(value: int) -> bytes:
    # Protobuf writes a negative number as its 64-bit two's complement: earliest is (-1, -1).
    value &= 0xFFFF_FFFF_FFFF_FFFF
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
