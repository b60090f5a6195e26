"""Planning, running and cancelling replays in a stage."""

import getpass
import time
import uuid
from collections.abc import Callable, Iterable, Sequence

from desk.replay.selection import Filters, select
from desk.target import Target, TargetError
from switchboard.aws.replay_chunks import ReplayChunks
from switchboard.aws.replay_table import ReplayTable
from switchboard.replay_id import new_replay_id
from switchboard.replays import Replay, ReplayStatus, Selected, plan

RATE = 100.0
SLICE_SECONDS = 5.0


class Replays:
    """The replays of a stage."""

    def __init__(self, target: Target) -> None:
        core = target.core()
        self._target = target
        self._bucket = str(core["archive_bucket"])
        self.store = ReplayTable(core["state_table"], dynamodb=target.client("dynamodb"))
        self.chunks = ReplayChunks(self._bucket, s3=target.client("s3"))

    def plan(self, filters: Filters, rate: float = RATE) -> Replay:
        """Select, and keep a plan.

        Raises:
            TargetError: nothing fits.
        """
        found = select(self._target, filters)
        planned = self.keep(filters.destination, found, str(filters), rate)
        if not planned.total:
            raise TargetError(f"nothing to replay at {filters.destination}: {filters}")
        return planned

    def keep(
        self, destination: str, selection: Iterable[Selected], words: str, rate: float = RATE
    ) -> Replay:
        """Keep a plan of `selection`, which `words` describe; an empty one leaves none."""
        now = time.time()
        replay = Replay(
            id=new_replay_id(now, uuid.uuid4().hex),
            destination=destination,
            rate=rate,
            selection=words,
            planned_by=getpass.getuser(),
            planned_at=now,
            updated_at=now,
        )
        return plan(replay, selection, self.store, self.chunks)

    def read(self, replay_id: str) -> Replay:
        """One replay.

        Raises:
            TargetError: there is none of that id.
        """
        found = self.store.read(replay_id)
        if found is None:
            raise TargetError(
                f"there is no replay {replay_id} in stage {self._target.stage}; `switchboard replay"
                " status` lists them"
            )
        return found

    def known(self) -> Sequence[Replay]:
        """Every replay whose plan is kept, the latest first."""
        pages = self._target.client("s3").get_paginator("list_objects_v2")
        ids = [
            prefix["Prefix"].split("/")[1]
            for page in pages.paginate(Bucket=self._bucket, Prefix="replays/", Delimiter="/")
            for prefix in page.get("CommonPrefixes", [])
        ]
        found = (self.store.read(replay_id) for replay_id in sorted(ids, reverse=True))
        return [replay for replay in found if replay is not None]

    def start(self, replay_id: str) -> Replay:
        """Let it run from where it is: the schedule goes on with it each minute.

        Raises:
            TargetError: there is none of that id, or all of it is sent.
        """
        self.read(replay_id)
        started = self.store.start(replay_id, time.time())
        if started is None:
            raise TargetError(
                f"all of the replay {replay_id} is sent; `switchboard replay status {replay_id}`"
                " says how its deliveries ended"
            )
        return started

    def cancel(self, replay_id: str) -> Replay:
        """Stop it; what is sent already is not called back.

        Raises:
            TargetError: there is none of that id, or all of it is sent.
        """
        self.read(replay_id)
        cancelled = self.store.cancel(replay_id, time.time())
        if cancelled is None:
            raise TargetError(f"all of the replay {replay_id} is sent: nothing is left to cancel")
        return cancelled

    def follow(self, replay: Replay, seen: Callable[[Replay], None]) -> Replay:
        """Invoke `replay_events` until the replay runs no more; `seen` is told each step.

        Raises:
            TargetError: it does not go on.
        """
        while replay.status is ReplayStatus.RUNNING:
            asked = {"replay": replay.id, "seconds": SLICE_SECONDS}
            answer = self._target.invoke("replay_events", asked)
            if answer.failed or not answer.value["replays"]:
                raise TargetError(
                    f"the replay {replay.id} does not go on: the log of replay-events says why. It"
                    " is tried again each minute"
                )
            after = self.read(replay.id)
            seen(after)
            if after.position == replay.position:
                # Another invocation has it, or its rate allows nothing yet.
                time.sleep(1.0)
            replay = after
        return replay
