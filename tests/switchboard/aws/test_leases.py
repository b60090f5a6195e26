"""Leases and checkpoints over moto: they answer as the stores in memory do."""

import itertools
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchboard.aws.checkpoint_table import CheckpointTable
from switchboard.aws.lease_table import LeaseTable
from switchboard.checkpoints import CHECKPOINT_BYTES, CheckpointStore
from switchboard.errors import ConfigurationError, Unavailable
from switchboard.lease import CLOCK_MARGIN, Lease, LeaseStore
from switchboard.testing.reading import MemoryCheckpoints, MemoryLeases

pytestmark = pytest.mark.usefixtures("tables")

steps = st.lists(
    st.tuples(
        st.sampled_from(["take", "renew", "release", "write", "read"]),
        st.floats(0, 12),  # since the step before
        st.integers(0, 7),  # which of the leases so far
    ),
    max_size=15,
)
names = (f"stream-{number}" for number in itertools.count())


def answer(
    leases: LeaseStore, checkpoints: CheckpointStore, action: str, now: float, lease: Lease
) -> Any:
    """What the stores answer to `action` of the owner of `lease`."""
    match action:
        case "take":
            return leases.take(lease.name, lease.owner, now, 10)
        case "renew":
            return leases.renew(lease, now, 10)
        case "release":
            return leases.release(lease)
        case "write":
            return checkpoints.write(lease.name, f"{lease.owner} {now}", lease.fence)
        case _:
            return checkpoints.read(lease.name)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_the_tables_answer_as_the_stores_in_memory_do(given: list[Any]) -> None:
    name, now = next(names), 1_790_000_000.0
    tables = LeaseTable("state"), CheckpointTable("state")
    memory = MemoryLeases(), MemoryCheckpoints()
    known = [Lease(name, owner, 0, now) for owner in ("one", "two")]
    for action, since, which in given:
        now += since
        lease = known[which % len(known)]
        answered = answer(*tables, action, now, lease)
        assert answered == answer(*memory, action, now, lease)
        if isinstance(answered, Lease):
            known.append(answered)


def test_a_lease_that_ended_is_taken_over_only_after_the_margin() -> None:
    leases = LeaseTable("state")
    first = leases.take("stream", "one", 100.5, 10)
    assert first == Lease("stream", "one", 1, 110.5)
    assert leases.take("stream", "two", 110.5 + CLOCK_MARGIN - 0.01, 10) is None
    assert leases.take("stream", "two", 110.5 + CLOCK_MARGIN, 10) == Lease(
        "stream", "two", 2, 120.5 + CLOCK_MARGIN
    )
    assert leases.renew(first, 111.0, 10) is None


def test_a_released_lease_is_free_at_once_and_keeps_its_fence() -> None:
    leases = LeaseTable("state")
    first = leases.take("stream", "one", 100.0, 10)
    assert first is not None
    leases.release(first)
    (item,) = boto3.client("dynamodb").scan(TableName="state")["Items"]
    assert item == {"item": {"S": "lease#stream"}, "fence": {"N": "1"}}
    assert leases.renew(first, 101.0, 10) is None
    second = leases.take("stream", "two", 101.0, 10)
    assert second == Lease("stream", "two", 2, 111.0)
    leases.release(first)
    assert leases.renew(second, 102.0, 10) == Lease("stream", "two", 2, 112.0)


def test_a_checkpoint_is_kept_whole_and_only_under_the_newest_fence() -> None:
    checkpoints = CheckpointTable("state")
    assert checkpoints.read("stream") is None
    assert checkpoints.write("stream", "x" * CHECKPOINT_BYTES, 2)
    assert not checkpoints.write("stream", "older", 1)
    assert checkpoints.read("stream") == "x" * CHECKPOINT_BYTES
    assert checkpoints.write("stream", "", 2)
    assert checkpoints.read("stream") == ""
    assert checkpoints.read("other") is None


def test_a_checkpoint_that_the_table_would_refuse_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="read fewer partitions"):
        CheckpointTable("state").write("stream", "x" * (CHECKPOINT_BYTES + 1), 1)


def test_a_table_that_is_missing_is_unavailable() -> None:
    lease = Lease("stream", "one", 1, 10.0)
    leases, checkpoints = LeaseTable("nowhere"), CheckpointTable("nowhere")
    for call in (
        lambda: leases.take("stream", "one", 0.0, 10),
        lambda: leases.renew(lease, 0.0, 10),
        lambda: leases.release(lease),
        lambda: checkpoints.read("stream"),
        lambda: checkpoints.write("stream", "x", 1),
    ):
        with pytest.raises(Unavailable):
            call()
