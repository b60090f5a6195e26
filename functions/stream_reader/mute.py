"""A session that is open, answers pings, and will never bring a frame again.

A message with a null value does it (the server's loop ends on it), and a session that resumes from
the same id ends on it again. Only other sessions can tell a mute topic from a quiet one: one from
the same id brings nothing, and one from just past the next message does.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from functions.stream_reader.message_id import MessageId, readable
from functions.stream_reader.window import Mark

Probe = Callable[[str], Awaitable[Mark | None]]
"""The first message that a reader of its own is brought after an id; None: none in good time."""


@dataclass(frozen=True, slots=True)
class WayPast:
    """Where to resume, and the first frame that comes then."""

    resume_after: Mark
    first: Mark


async def next_way_past(mark: Mark, probe: Probe) -> WayPast | None:
    """The way past the one message that follows `mark`, if that mutes its sessions.

    A new session from `mark` was brought nothing. None: nor was any other; the topic may be quiet.
    """
    return await _first_that_speaks(_ways_past(mark), probe)


async def way_to(found: Mark, probe: Probe) -> WayPast | None:
    """The way to a frame `found` that other sessions are brought and ours is not.

    It tries the start of that frame's ledger first, so as to leave out as little as it can.
    """
    return await _first_that_speaks(_ways_to(found), probe)


async def _first_that_speaks(ways: Iterator[MessageId], probe: Probe) -> WayPast | None:
    for way in ways:
        text = way.written()
        first = await probe(text)
        if first is not None:
            return WayPast(Mark(text, first.published), first)
    return None


def _ways_past(mark: Mark) -> Iterator[MessageId]:
    there = readable(mark.message_id)
    if there is not None:
        yield from there.ways_past()


def _ways_to(found: Mark) -> Iterator[MessageId]:
    there = readable(found.message_id)
    if there is None:
        return
    start = MessageId(there.ledger, 0, there.partition)
    if start.position < there.position:
        yield start
        yield MessageId(there.ledger, 0, there.partition, 0)
    yield there.just_before()
