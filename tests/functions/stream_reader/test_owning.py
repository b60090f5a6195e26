"""Leases and checkpoints as the reader holds them: hand-over, loss, and what is kept in order."""

import asyncio

import pytest

from functions.stream_reader.catch_up import CatchUpState
from functions.stream_reader.checkpoint import Checkpoint
from functions.stream_reader.measures import Measures
from functions.stream_reader.ownership import Ownership
from functions.stream_reader.pace import Pace
from functions.stream_reader.progress import FencedOut, Progress
from switchboard.errors import Unavailable
from switchboard.lease import Lease
from switchboard.testing.reading import MemoryCheckpoints, MemoryLeases
from switchboard.testing.stores import RecordingTelemetry

PACE = Pace(lease=0.6, contend_every=0.02)


def ownership(leases: MemoryLeases, owner: str) -> Ownership:
    return Ownership(leases, "cc", owner, Measures("cc", RecordingTelemetry()), PACE)


def test_the_next_one_begins_when_the_first_releases() -> None:
    leases = MemoryLeases()

    async def main() -> tuple[Lease, Lease]:
        first = await ownership(leases, "one").contend()
        waiting = asyncio.create_task(ownership(leases, "two").contend())
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await ownership(leases, "one").release(first)
        return first, await waiting

    first, second = asyncio.run(main())
    assert second.owner == "two"
    assert second.fence > first.fence


def test_a_lease_is_kept_as_long_as_it_is_renewed() -> None:
    leases = MemoryLeases()

    async def main() -> None:
        mine = ownership(leases, "one")
        keeping = asyncio.create_task(mine.keep(await mine.contend()))
        await asyncio.sleep(2 * PACE.lease)
        assert not keeping.done()
        keeping.cancel()

    asyncio.run(main())


def test_a_lease_that_was_taken_over_is_lost() -> None:
    leases = MemoryLeases()

    async def main() -> None:
        mine = ownership(leases, "one")
        lease = await mine.contend()
        del leases.held["cc"]
        assert leases.take("cc", "two", 0.0, 1000.0)
        async with asyncio.timeout(10):
            await mine.keep(lease)

    asyncio.run(main())


def test_a_lease_that_cannot_be_renewed_in_time_is_given_up() -> None:
    leases = MemoryLeases()

    async def main() -> None:
        mine = ownership(leases, "one")
        lease = await mine.contend()
        leases.failure = Unavailable("DynamoDB is away")
        async with asyncio.timeout(10):
            await mine.keep(lease)

    asyncio.run(main())


class Ordered(MemoryCheckpoints):
    """Checkpoints that know in which order they were written."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []

    def write(self, name: str, text: str, fence: int) -> bool:
        """See CheckpointStore."""
        self.order.append(name)
        return super().write(name, text, fence)


BULK = CatchUpState(groups={"g": "e1"})
MARK = Checkpoint(message_id="CAAQAw==", alive_at=5.0)


def test_the_state_of_catching_up_is_kept_before_the_marks() -> None:
    store = Ordered()
    asyncio.run(Progress(store, "cc", 1).write(BULK, {"topic": MARK}))
    assert store.order == ["cc/catch-up", "cc/topic"]


def test_no_mark_is_kept_where_the_state_could_not_be() -> None:
    store = Ordered()
    store.failure = Unavailable("DynamoDB is away")
    with pytest.raises(Unavailable):
        asyncio.run(Progress(store, "cc", 1).write(BULK, {"topic": MARK}))
    assert store.kept == {}
    assert store.order == ["cc/catch-up"]


def test_only_what_changed_is_written_again_and_each_minute_that_it_lives() -> None:
    store = Ordered()
    progress = Progress(store, "cc", 1)

    async def main() -> None:
        await progress.write(BULK, {"topic": MARK})
        await progress.write(BULK, {"topic": MARK.model_copy(update={"alive_at": 10.0})})
        await progress.write(BULK, {"topic": MARK.model_copy(update={"alive_at": 65.0})})
        await progress.write(BULK, {"topic": MARK.model_copy(update={"message_id": "CAMQAA=="})})

    asyncio.run(main())
    assert store.order == ["cc/catch-up", "cc/topic", "cc/topic", "cc/topic"]


def test_an_older_fence_is_out() -> None:
    store = MemoryCheckpoints()

    async def main() -> None:
        await Progress(store, "cc", 2).write(BULK, {"topic": MARK})
        with pytest.raises(FencedOut):
            await Progress(store, "cc", 1).write(CatchUpState(), {})

    asyncio.run(main())


def test_a_first_start_is_kept_before_it_is_used() -> None:
    store = MemoryCheckpoints()
    first = Checkpoint(since=3.0, alive_at=5.0)

    async def main() -> None:
        assert await Progress(store, "cc", 1).read("topic", first) == first
        later = Checkpoint(since=99.0, alive_at=99.0)
        assert await Progress(store, "cc", 2).read("topic", later) == first

    asyncio.run(main())


@pytest.mark.parametrize("text", ["", "[]", '{"groups": 5}'])
def test_a_state_that_cannot_be_read_suspects_every_group(text: str) -> None:
    store = MemoryCheckpoints()
    store.kept["cc/catch-up"] = (text, 1)
    assert asyncio.run(Progress(store, "cc", 1).read_catch_up()).everything
