"""Message ids as they travel: base64 of the protobuf message `MessageIdData`."""

import base64
import binascii
from dataclasses import dataclass
from typing import NamedTuple

LEDGER, ENTRY, PARTITION, BATCH_INDEX, BATCH_SIZE = 1, 2, 3, 4, 6
ABSENT = -1


class InvalidMessageId(ValueError):
    """Text that is no message id; `base64` says whether it was not even base64."""

    def __init__(self, reason: str, *, base64: bool) -> None:
        super().__init__(reason)
        self.base64 = base64


class Position(NamedTuple):
    """A place in a topic: ledgers are numbered across the cluster, entries within a ledger."""

    ledger: int
    entry: int


@dataclass(frozen=True, slots=True)
class MessageId:
    """One message's id; `ABSENT` (-1) where a field is not on the wire.

    A message that was not batched carries `batch_size` 0 on the wire.
    """

    ledger: int
    entry: int
    partition: int = ABSENT
    batch_index: int = ABSENT
    batch_size: int = 0

    @property
    def position(self) -> Position:
        """The entry that holds the message."""
        return Position(self.ledger, self.entry)

    def encode(self) -> str:
        """Padded, standard base64, with the fields in the order Pulsar writes them."""
        fields = [(LEDGER, self.ledger), (ENTRY, self.entry)]
        if self.partition >= 0:
            fields.append((PARTITION, self.partition))
        if self.batch_index >= 0:
            fields.append((BATCH_INDEX, self.batch_index))
        if self.batch_size >= 0:
            fields.append((BATCH_SIZE, self.batch_size))
        raw = b"".join(_varint(number << 3) + _varint(value) for number, value in fields)
        return base64.b64encode(raw).decode()

    @classmethod
    def decode(cls, text: str) -> "MessageId":
        """The id that `text` is; padding may be left out altogether, as Java allows.

        Raises:
            InvalidMessageId: for anything but standard base64 of an id.
        """
        try:
            padded = text if "=" in text else text + "=" * (-len(text) % 4)
            raw = base64.b64decode(padded.encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError) as error:
            raise InvalidMessageId(_reason(text), base64=False) from error
        fields = _fields(raw)
        if LEDGER not in fields or ENTRY not in fields:
            raise InvalidMessageId("Message missing required fields", base64=True)
        return cls(
            fields[LEDGER],
            fields[ENTRY],
            fields.get(PARTITION, ABSENT),
            fields.get(BATCH_INDEX, ABSENT),
            fields.get(BATCH_SIZE, ABSENT),
        )


def _reason(text: str) -> str:
    """As Java says it: the first character that is none, in hexadecimal."""
    for character in text:
        if not (character.isascii() and (character.isalnum() or character in "+/=")):
            return f"Illegal base64 character {ord(character):x}"
    return "Input byte array has wrong 4-byte ending unit"


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _fields(raw: bytes) -> dict[int, int]:
    fields: dict[int, int] = {}
    at = 0
    while at < len(raw):
        tag, at = _read(raw, at)
        value = 0
        match tag & 7:
            case 0:
                value, at = _read(raw, at)
            case 1 | 5 as wire:
                at += 8 if wire == 1 else 4
            case 2:
                length, at = _read(raw, at)
                at += length
            case _:
                raise InvalidMessageId("Invalid unknown tag type", base64=True)
        if tag & 7 == 0:
            fields[tag >> 3] = value
    if at > len(raw):
        raise InvalidMessageId("The id ends too early", base64=True)
    return fields


def _read(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(raw) and shift < 70:
        byte = raw[at]
        value |= (byte & 0x7F) << shift
        at += 1
        shift += 7
        if byte < 0x80:
            value &= (1 << 64) - 1
            return value - (1 << 64) if value >> 63 else value, at
    raise InvalidMessageId("The id ends too early", base64=True)
