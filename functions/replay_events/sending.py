"""Sending a replay, step by step: read the plan and its events, send, note how far it is.

A step that dies between its send and its note is done again by whoever comes next: SQS swallows
what it took within five minutes, and a destination's ledger drops what it had of the same replay.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from switchboard.envelope import Envelope, encode
from switchboard.errors import SwitchboardError, Unavailable
from switchboard.event import EventKey, digest, queue_safe
from switchboard.events import EventReader, Kept
from switchboard.lease import Lease, LeaseStore
from switchboard.queue import Outbox, Outgoing
from switchboard.replays import (
    CHUNK_LINES,
    ChunkStore,
    Replay,
    ReplayStatus,
    ReplayStore,
    Selected,
    decode_chunk,
)
from switchboard.telemetry import Telemetry

STEP = 100
LEASE_SECONDS = 60.0
REPLAY = "replay"
"""What the metrics call it: replays have no destination's alarms."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that a replay touches."""

    replays: ReplayStore
    chunks: ChunkStore
    events: EventReader
    bulk: Outbox
    leases: LeaseStore
    telemetry: Telemetry
    clock: Callable[[], float]
    sleep: Callable[[float], None]


class Sending:
    """A sandbox's sending. One execution at a time works on a replay, under its lease."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._chunk: tuple[str, int] | None = None
        self._lines: Sequence[Selected] = ()

    def send(self, replay_id: str | None, owner: str, until: float) -> list[Replay]:
        """Send what runs, or the one that is named, until the moment `until`.

        A replay that cannot go on is counted as `replay_stalled` and leaves the others alone; the
        next invocation tries it again.

        Returns:
            How far those are that were worked on.
        """
        ids = self._ports.replays.running() if replay_id is None else [replay_id]
        found = (self._one(one, owner, until) for one in ids)
        return [replay for replay in found if replay is not None]

    def _one(self, replay_id: str, owner: str, until: float) -> Replay | None:
        ports = self._ports
        try:
            lease = ports.leases.take(f"replay#{replay_id}", owner, ports.clock(), LEASE_SECONDS)
            if lease is None:
                return ports.replays.read(replay_id)
            try:
                return self._go_on(replay_id, lease, until)
            finally:
                ports.leases.release(lease)
        except SwitchboardError as error:
            ports.telemetry.count("replay_stalled", destination=REPLAY)
            ports.telemetry.warn("a replay does not go on", replay=replay_id, why=str(error))
            return None

    def _go_on(self, replay_id: str, lease: Lease, until: float) -> Replay | None:
        ports = self._ports
        replay = ports.replays.read(replay_id)
        if replay is None:
            return None
        due = replay.updated_at + step_size(replay) / replay.rate if replay.position else 0.0
        while replay.status is ReplayStatus.RUNNING and (now := ports.clock()) < until:
            if due > now:
                ports.sleep(min(due, until) - now)
                continue
            renewed = self._renewed(lease, now)
            if renewed is None:
                break
            lease, before = renewed, replay.position
            replay = self._step(replay)
            # No step begins before the last one has had its time at this rate.
            due = max(due, now) + (replay.position - before) / replay.rate
        return replay

    def _renewed(self, lease: Lease, now: float) -> Lease | None:
        if lease.until - now > LEASE_SECONDS / 2:
            return lease
        return self._ports.leases.renew(lease, now, LEASE_SECONDS)

    def _step(self, replay: Replay) -> Replay:
        """Send the next deliveries and note them; a refusal is raised after what was taken."""
        ports = self._ports
        selected = self._next(replay)
        kept = ports.events.read([(one.group, one.event_id) for one in selected])
        messages = [message_of(replay, one, kept) for one in selected]
        taken, refusal = self._sent(messages)
        gone = sum(message is None for message in messages[:taken])
        ports.telemetry.count("replayed", taken - gone, destination=REPLAY)
        if gone:
            ports.telemetry.count("replay_gone", gone, destination=REPLAY)
        now = ports.clock()
        moved = replay.model_copy(
            update={
                "position": replay.position + taken,
                "gone": replay.gone + gone,
                "updated_at": now,
            }
        )
        noted = not taken or ports.replays.advance(moved, now)
        if refusal is not None:
            raise Unavailable(f"replaying: {refusal}")
        if not noted or moved.position >= moved.total:
            return ports.replays.read(replay.id) or moved
        return moved

    def _next(self, replay: Replay) -> Sequence[Selected]:
        """The step's deliveries, of one chunk."""
        number, offset = divmod(replay.position, CHUNK_LINES)
        if self._chunk != (replay.id, number):
            self._lines = decode_chunk(self._ports.chunks.read_chunk(replay.id, number))
            self._chunk = replay.id, number
        return self._lines[offset : offset + step_size(replay)]

    def _sent(self, messages: Sequence[Outgoing | None]) -> tuple[int, str | None]:
        """How many of the first are done with, and why the next one was refused."""
        there = [message for message in messages if message is not None]
        answers = iter(self._ports.bulk.send(there) if there else ())
        for number, message in enumerate(messages):
            refusal = None if message is None else next(answers)
            if refusal is not None:
                return number, refusal
        return len(messages), None


def step_size(replay: Replay) -> int:
    """As many as the rate allows in a second, and no more than one read takes."""
    return max(1, min(STEP, int(replay.rate)))


def message_of(replay: Replay, one: Selected, kept: Mapping[EventKey, Kept]) -> Outgoing | None:
    """The envelope of a delivery for `ingest-bulk`; None: its event is no longer kept."""
    found = kept.get((one.group, one.event_id))
    if found is None or (found.event is None and found.event_ref is None):
        return None
    envelope = Envelope(
        event=found.event,
        event_ref=None if found.event is not None else found.event_ref,
        group=one.group,
        raw_ref=found.raw_ref,
        delivery=one.order(replay.destination, replay.id),
    )
    return Outgoing(
        body=encode(envelope),
        group=queue_safe(one.group),
        deduplication_id=digest(one.event_id, replay.destination, replay.id),
    )
