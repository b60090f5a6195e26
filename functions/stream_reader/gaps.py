"""Whether something is missing between two frames that follow each other. Pure.

Neither a reader that comes back too late nor one that is stalled while retention removes what it
has not read is told so: the server goes on with the first message that is left. Ledger ids rise
but are not contiguous, so nothing can be counted; a gap is suspected where nobody was reading for
longer than `shortest` seconds, and after that the ledger changed and the time of publishing jumped
by more than that. The jump need not come at once: what the server had fetched before comes first.
The suspicion ends with the first frame that was published after somebody read again.

Ids that go backwards are another cluster's, where an old mark means nothing.
"""

from dataclasses import dataclass
from enum import StrEnum

from functions.stream_reader.message_id import MessageId, readable
from functions.stream_reader.window import Mark


class Cause(StrEnum):
    """Why something may be missing."""

    RETENTION = "retention"
    """Removed before it was read."""
    OTHER_CLUSTER = "other_cluster"
    """The ids went backwards: another cluster, or a topic that was made anew."""
    UNDELIVERABLE = "undeliverable"
    """The server cannot deliver a message (a null value, say), and would never go on."""
    REPLAY_WINDOW = "replay_window"
    """Nobody was connected for longer than the server keeps what comes."""
    INTERRUPTED = "interrupted"
    """A task was killed: what it had taken in of a source without acknowledgements is gone."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something may be missing after `after` and before `until`, both as they came."""

    cause: Cause
    after: Mark | None
    until: Mark | None


class GapDetector:
    """Follows the frames of one place in the order of their arrival."""

    def __init__(self, last: Mark | None, *, shortest: float) -> None:
        self._last = last
        self._position = _position(last)
        self._shortest = shortest
        self._unread_seconds = 0.0
        self._unread_until = 0.0

    def unread(self, since: float, until: float) -> None:
        """Nobody read then (epoch seconds): away, or stalled behind a full window."""
        self._unread_seconds = max(self._unread_seconds, until - since)
        self._unread_until = max(self._unread_until, until)

    def stepped_over(self, mark: Mark) -> None:
        """The caller resumes after `mark` and has recorded that gap itself."""
        self._last, self._position = mark, _position(mark)

    def follow(self, mark: Mark, message_id: MessageId | None) -> Gap | None:
        """The gap that lies just before the frame `mark`, if there seems to be one.

        Frames that are known already are not to be followed.
        """
        position = None if message_id is None else message_id.position
        before, last = self._position, self._last
        unread = self._unread_seconds
        if mark.published is None or mark.published > self._unread_until:
            self._unread_seconds = 0.0
        self._last, self._position = mark, position
        if last is None or before is None or position is None:
            return None
        if position < before:
            return Gap(Cause.OTHER_CLUSTER, last, mark)
        if position[0] == before[0] or unread <= self._shortest:
            return None
        if last.published is None or mark.published is None:
            return None
        jumped = mark.published - last.published > self._shortest
        return Gap(Cause.RETENTION, last, mark) if jumped else None


def _position(mark: Mark | None) -> tuple[int, int, int] | None:
    found = None if mark is None else readable(mark.message_id)
    return None if found is None else found.position
