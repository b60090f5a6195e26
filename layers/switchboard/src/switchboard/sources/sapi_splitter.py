"""Where one payload ends and the next begins in what the legacy Streaming API sends. Pure.

A frame holds one JSON object or several, with or without newlines between them, or a part of one:
where frames end says nothing. An object ends at its last brace; with `lines`, and inside a text, a
newline ends it too, for JSON has none there, and what follows can be read again. An object that
never ends is given up where a frame begins with a whole message, or where it is too large.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

LARGEST_PAYLOAD = 4 * 1024 * 1024
"""Bytes that are held of one payload; events have some ten thousand at the most."""

_TOKEN = re.compile(rb'"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"|[{}"\n]')
_MARKS = frozenset({"event", "msgInfo", "heartbeat"})
_DECODER = json.JSONDecoder()
_BEGIN = re.compile(rb"[{\n]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A payload, or with a `trouble`: bytes that belong to none."""

    payload: bytes
    trouble: str = ""


class SapiSplitter:
    """Takes frames and gives payloads; holds at most `largest` bytes between two frames."""

    def __init__(self, *, lines: bool, largest: int = LARGEST_PAYLOAD) -> None:
        self._lines = lines
        self._largest = largest
        self._held = b""
        self._at = 0
        self._depth = 0
        self._lost = False

    @property
    def held(self) -> int:
        """Bytes that wait for what completes them."""
        return len(self._held)

    def feed(self, frame: bytes) -> list[Piece]:
        """What is complete with this frame, in its order."""
        pieces = []
        if (self._lost or self._depth) and _begins_with_a_message(frame):
            pieces = self.rest("it is not ended")
        self._held += frame
        pieces += self._pieces()
        if len(self._held) > self._largest:
            pieces += self.rest(f"it is no payload of at most {self._largest} bytes")
            self._lost = True
        return pieces

    def rest(self, trouble: str) -> list[Piece]:
        """What is held when nothing follows it any more."""
        held = self._held.strip()
        self._held, self._at, self._depth, self._lost = b"", 0, 0, False
        return [Piece(held, trouble)] if held else []

    def _pieces(self) -> Iterator[Piece]:
        while True:
            if self._lost:
                piece = self._after_loss()
            elif self._depth == 0:
                piece = self._between()
            else:
                piece = self._object()
            if piece is None:
                return
            if piece.payload:
                yield piece

    def _after_loss(self) -> Piece | None:
        """The rest of what was too large: up to the newline, or to the end of the frame."""
        end = self._held.find(b"\n") + 1 if self._lines else 0
        self._lost = end == 0
        if not self._held:
            return None
        return self._cut(end or len(self._held), "it is a part of a payload that is too large")

    def _between(self) -> Piece | None:
        """What is in front of the next object: nothing but white space, if all is well."""
        found = _BEGIN.search(self._held, self._at)
        if found is None:
            self._at = len(self._held)
            if not self._held.strip():
                self._cut(len(self._held))
            return None
        if found[0] == b"\n":
            return self._cut(found.end(), "it is no JSON object")
        if found.start() > 0 and (junk := self._cut(found.start(), "it is no JSON object")).payload:
            return junk
        self._depth, self._at = 1, 1
        return Piece(b"")

    def _object(self) -> Piece | None:
        """The object that has begun, up to its last brace."""
        while found := _TOKEN.search(self._held, self._at):
            token = found[0]
            if token == b'"':
                return self._open_text(found.start())
            self._at = found.end()
            if token == b"{":
                self._depth += 1
            elif token == b"}":
                self._depth -= 1
                if self._depth == 0:
                    return self._cut(self._at)
            elif token == b"\n" and self._lines:
                return self._cut(self._at, "its line ends before it does")
        self._at = len(self._held)
        return None

    def _open_text(self, start: int) -> Piece | None:
        """A text that has not ended: more of it comes, unless its line is over."""
        end = self._held.find(b"\n", start) + 1
        if not end:
            self._at = start
            return None
        return self._cut(end, "a text in it is not ended")

    def _cut(self, end: int, trouble: str = "") -> Piece:
        payload, self._held = self._held[:end].strip(), self._held[end:]
        self._at = self._depth = 0
        return Piece(payload, trouble)


def _begins_with_a_message(frame: bytes) -> bool:
    """Whether a frame's first object is an event or a heartbeat, which lie inside no other."""
    try:
        found, _ = _DECODER.raw_decode(frame.decode().lstrip())
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict) or len(found) != 1:
        return False
    (inside,) = found.values()
    return isinstance(inside, dict) and not _MARKS.isdisjoint(inside)
