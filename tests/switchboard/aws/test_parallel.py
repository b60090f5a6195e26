"""Sending side by side: every group in its order, every answer where it belongs."""

from collections.abc import Sequence

import pytest

from switchboard.aws.parallel import ParallelOutbox
from switchboard.errors import Unavailable
from switchboard.queue import Outgoing
from switchboard.testing.stores import MemoryOutbox

MESSAGES = [Outgoing(str(n), f"group-{n % 7}", f"id-{n}") for n in range(60)]


def test_each_group_arrives_in_its_order() -> None:
    outbox = MemoryOutbox()
    assert ParallelOutbox(outbox, 4).send(MESSAGES) == [None] * 60
    assert ParallelOutbox(outbox, 4).send([]) == []
    for group in {one.group for one in MESSAGES}:
        mine = [one for one in outbox.taken if one.group == group]
        assert mine == [one for one in MESSAGES if one.group == group]


def test_answers_are_those_of_their_messages() -> None:
    outbox = MemoryOutbox()
    outbox.refuse = lambda message: "no" if message.group == "group-3" else None
    answers = ParallelOutbox(outbox, 4).send(MESSAGES)
    refused = {one.group for one, why in zip(MESSAGES, answers, strict=True) if why is not None}
    assert refused == {"group-3"}


def test_a_share_that_fails_is_refused_and_only_all_of_them_are_unavailable() -> None:
    taken = MemoryOutbox()

    class Failing:
        def send(self, messages: Sequence[Outgoing]) -> list[str | None]:
            if any(one.group == "group-3" for one in messages):
                raise Unavailable("throttled")
            return taken.send(messages)

    answers = ParallelOutbox(Failing(), 4).send(MESSAGES)
    for one, why in zip(MESSAGES, answers, strict=True):
        assert (why is None) is (one in taken.taken)
    assert "throttled" in answers
    only = [one for one in MESSAGES if one.group == "group-3"]
    with pytest.raises(Unavailable):
        ParallelOutbox(Failing(), 4).send(only)
