from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from switchboard.queue import (
    BATCH_BYTES,
    BATCH_ENTRIES,
    Outgoing,
    send_in_batches,
    send_in_order,
)


@given(
    groups=st.lists(st.sampled_from("abcdefghijklm"), max_size=40),
    refused=st.sets(st.integers(0, 39)),
)
def test_no_batch_holds_a_group_twice_and_nothing_overtakes_a_refusal(
    groups: list[str], refused: set[int]
) -> None:
    messages = [Outgoing("x", group, str(number)) for number, group in enumerate(groups)]
    taken: list[int] = []

    def send_batch(batch: Sequence[Outgoing]) -> list[str | None]:
        assert 0 < len(batch) <= BATCH_ENTRIES
        assert len({message.group for message in batch}) == len(batch)
        answers = ["no" if int(message.deduplication_id) in refused else None for message in batch]
        taken.extend(
            int(message.deduplication_id)
            for message, answer in zip(batch, answers, strict=True)
            if answer is None
        )
        return answers

    answers = send_in_order(messages, send_batch)

    assert sorted(taken) == [number for number, answer in enumerate(answers) if answer is None]
    for group in set(groups):
        ours = [number for number, of in enumerate(groups) if of == group]
        sent = [number for number in taken if number in ours]
        # What was taken of a group is its beginning, in order, up to the first refusal.
        assert sent == ours[: len(sent)]
        assert len(sent) == len(ours) or ours[len(sent)] in refused


def test_a_batch_stays_below_what_sqs_takes_at_once() -> None:
    messages = [Outgoing("x" * (BATCH_BYTES // 3), f"g{n}", str(n)) for n in range(7)]
    sizes: list[int] = []

    def send_batch(batch: Sequence[Outgoing]) -> list[str | None]:
        sizes.append(sum(len(message.body) for message in batch))
        return [None] * len(batch)

    assert send_in_order(messages, send_batch) == [None] * 7
    assert max(sizes) <= BATCH_BYTES


@given(sizes=st.lists(st.integers(1, BATCH_BYTES), max_size=30))
def test_where_no_order_is_kept_batches_are_as_full_as_sqs_takes_them(sizes: list[int]) -> None:
    messages = [Outgoing("x" * size, "one", str(n)) for n, size in enumerate(sizes)]
    batches: list[list[int]] = []

    def send_batch(batch: Sequence[Outgoing]) -> list[str | None]:
        assert 0 < len(batch) <= BATCH_ENTRIES
        assert len(batch) == 1 or sum(len(message.body) for message in batch) <= BATCH_BYTES
        batches.append([int(message.deduplication_id) for message in batch])
        return [f"no {message.deduplication_id}" for message in batch]

    assert send_in_batches(messages, send_batch) == [f"no {n}" for n in range(len(sizes))]
    for batch, after in pairwise(batches):
        more = sum(sizes[n] for n in batch) + sizes[after[0]]
        assert len(batch) == BATCH_ENTRIES or more > BATCH_BYTES
