"""What a replay is kept in, in memory."""

from collections.abc import Sequence

from switchboard.replays import Replay, ReplayStatus
from switchboard.testing.stores import Failing


class MemoryReplays(Failing):
    """See ReplayStore and ChunkStore."""

    def __init__(self) -> None:
        self.replays: dict[str, Replay] = {}
        self.chunks: dict[tuple[str, int], bytes] = {}

    def create(self, replay: Replay) -> None:
        """See ReplayStore."""
        self.check()
        self.replays[replay.id] = replay

    def read(self, replay_id: str) -> Replay | None:
        """See ReplayStore."""
        self.check()
        return self.replays.get(replay_id)

    def start(self, replay_id: str, now: float) -> Replay | None:
        """See ReplayStore."""
        return self._move(replay_id, ReplayStatus.RUNNING, now)

    def cancel(self, replay_id: str, now: float) -> Replay | None:
        """See ReplayStore."""
        return self._move(replay_id, ReplayStatus.CANCELLED, now)

    def advance(self, replay: Replay, now: float) -> bool:
        """See ReplayStore."""
        self.check()
        stored = self.replays[replay.id]
        if stored.status is not ReplayStatus.RUNNING or stored.position > replay.position:
            return False
        ended = replay.position >= replay.total
        status = ReplayStatus.SENT if ended else ReplayStatus.RUNNING
        self.replays[replay.id] = replay.model_copy(update={"status": status, "updated_at": now})
        return True

    def running(self) -> Sequence[str]:
        """See ReplayStore."""
        self.check()
        found = self.replays.values()
        return [replay.id for replay in found if replay.status is ReplayStatus.RUNNING]

    def write_chunk(self, replay_id: str, number: int, body: bytes) -> None:
        """See ChunkStore."""
        self.check()
        self.chunks[replay_id, number] = body

    def read_chunk(self, replay_id: str, number: int) -> bytes:
        """See ChunkStore."""
        self.check()
        return self.chunks[replay_id, number]

    def _move(self, replay_id: str, status: ReplayStatus, now: float) -> Replay | None:
        self.check()
        found = self.replays.get(replay_id)
        if found is None or found.status is ReplayStatus.SENT:
            return None
        moved = found.model_copy(update={"status": status, "updated_at": now})
        self.replays[replay_id] = moved
        return moved
