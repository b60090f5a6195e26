"""What one subscription is still to be sent. Pure; times are of one clock, in seconds."""

from collections import deque


class Subscription:
    """Everything since it began, but for a client that stays away for too long."""

    def __init__(self, replay_seconds: float) -> None:
        self._replay_seconds = replay_seconds
        self._waiting: deque[bytes] = deque()
        self._left_at: float | None = None

    def publish(self, payload: bytes, now: float) -> None:
        """Keep an event for the client; for one that will find a new subscription, nothing."""
        if self._is_over(now):
            self._waiting.clear()
            return
        self._waiting.append(payload)

    def connect(self, now: float) -> None:
        """A client is there: it gets what waits, unless it was away for too long."""
        if self._is_over(now):
            self._waiting.clear()
        self._left_at = None

    def leave(self, now: float) -> None:
        """The client is gone."""
        self._left_at = now

    def take(self, most: int) -> list[bytes]:
        """What is to be written next; it counts as delivered."""
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def put_back(self, payloads: list[bytes]) -> None:
        """They could not be written."""
        self._waiting.extendleft(reversed(payloads))

    def _is_over(self, now: float) -> bool:
        return self._left_at is not None and now - self._left_at > self._replay_seconds
