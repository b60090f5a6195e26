"""Any interleaving of frames, answers of SQS, drops and crashes loses nothing.

The machine plays a topic, the server's window, SQS and the keeping of checkpoints against the pure
core. Each mutation breaks one promise, and the machine must find it.
"""

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from functions.stream_reader.message_id import MessageId
from functions.stream_reader.send_queue import SendQueue, Waiting
from functions.stream_reader.window import Mark, Window
from switchboard.queue import Outgoing
from tests.functions.stream_reader import mutations

SIZE = 3
GROUPS = 2


def message_id(index: int) -> str:
    """The id of a topic's message; ledgers change, and are not contiguous."""
    return MessageId(7 + 3 * (index // 4), index % 4).written()


class Core(RuleBasedStateMachine):
    """A reader, or a consumer whose place the server keeps."""

    make_window: type[Window] = Window
    in_order = True

    def __init__(self) -> None:
        super().__init__()
        self.published = 1
        self.taken: list[int] = []
        self.kept: Mark | None = None
        self.acknowledged: set[int] = set()
        self.begin()

    def begin(self) -> None:
        """A task starts from what was kept."""
        self.window = self.make_window(self.kept, in_order=self.in_order)
        self.queue = SendQueue(lambda: 0.0)
        self.under_way: list[list[Waiting]] = []
        self.connect()

    def connect(self) -> None:
        """A session is opened, and the server begins where it is told, or where it was."""
        self.window.connected()
        self.owed: Counter[str] = Counter()
        after = self.window.resume_after
        ids = {message_id(index): index for index in range(self.published + 1)}
        if not self.in_order or after == "earliest":
            self.at = 0
        else:
            self.at = self.published if after == "latest" else ids[after] + 1

    @rule(count=st.integers(1, 4))
    def publish(self, count: int) -> None:
        """The topic grows."""
        self.published += count

    @precondition(lambda self: self.room() and self.at < self.published)
    @rule(count=st.integers(1, 4))
    def deliver(self, count: int) -> None:
        """The server sends what comes next, while its window lets it."""
        for _ in range(count):
            while not self.in_order and self.at in self.acknowledged:
                self.at += 1
            if self.at < self.published and self.room():
                self.frame(self.at)
                self.at += 1

    @precondition(lambda self: self.room() and self.at > 0)
    @rule(back=st.integers(1, 4))
    def repeat(self, back: int) -> None:
        """The server sends something again."""
        index = self.at - back
        if index >= 0 and (self.in_order or index not in self.acknowledged):
            self.frame(index)

    def frame(self, index: int) -> None:
        """A frame arrives."""
        text = message_id(index)
        self.owed[text] += 1
        pending = self.window.receive(Mark(text, None), 0.0)
        if pending is not None:
            message = Outgoing(str(index), f"g{index % GROUPS}", text)
            self.queue.put(Waiting(message, lambda: self.window.confirm(pending)))

    def room(self) -> bool:
        """Whether the server may send."""
        return self.owed.total() < SIZE

    @rule()
    def send(self) -> None:
        """A batch goes to SQS."""
        batch = list(self.queue.take(0.0))
        if batch:
            self.under_way.append(batch)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 9), fates=st.lists(st.sampled_from("tlr"), min_size=9, max_size=9))
    def settle(self, which: int, fates: list[str]) -> None:
        """SQS answers one batch, each entry: taken, taken and the answer lost, or refused."""
        batch = self.under_way.pop(which % len(self.under_way))
        answers: list[str | None] = []
        for waiting, fate in zip(batch, fates, strict=False):
            if fate != "r":
                self.taken.append(int(waiting.message.body))
            answers.append(None if fate == "t" else "not taken")
        self.queue.settle(batch, answers, 0.0)

    @rule()
    def answer(self) -> None:
        """Answers reach the server."""
        for text in self.window.answers():
            assert self.owed[text] > 0, "an answer that is not owed"
            self.owed[text] -= 1
            index = next(i for i in range(self.published) if message_id(i) == text)
            assert index in self.taken, "answered before SQS has it"
            self.acknowledged.add(index)

    @rule()
    def keep(self) -> None:
        """The checkpoint is written."""
        self.kept = self.window.mark

    @rule()
    def drop(self) -> None:
        """The connection breaks; what is under way stays so."""
        self.connect()

    @rule(fates=st.lists(st.booleans(), min_size=9, max_size=9))
    def crash(self, fates: list[bool]) -> None:
        """The task dies; of the batches under way SQS may have taken any part."""
        waiting = [waiting for batch in self.under_way for waiting in batch]
        for each, took in zip(waiting, fates, strict=False):
            if took:
                self.taken.append(int(each.message.body))
        self.begin()

    @invariant()
    def nothing_unconfirmed_lies_before_the_mark(self) -> None:
        mark = self.window.mark
        if mark is not None:
            passed = next(i for i in range(self.published) if message_id(i) == mark.message_id)
            assert set(range(passed + 1)) <= set(self.taken), "the mark is ahead"

    @invariant()
    def the_window_bounds_what_is_held(self) -> None:
        waiting = len(self.queue)
        assert waiting <= SIZE, f"{waiting} events are held, and the window is {SIZE}"

    def teardown(self) -> None:
        """In the end everything arrives, and in the order of each group."""
        for _ in range(3 * self.published + 30):
            while self.under_way:
                self.settle(0, ["t"] * 9)
            self.answer()
            if self.at < self.published and self.room():
                self.deliver(4)
            self.send()
        assert set(self.taken) == set(range(self.published)), "something is lost"
        assert not self.owed.total(), "the server's window is used up"
        first = list(dict.fromkeys(self.taken))
        for group in range(GROUPS):
            mine = [index for index in first if index % GROUPS == group]
            assert mine == sorted(mine), "an event overtook another of its group"


class ConsumerCore(Core):
    """The server keeps the place: after a reconnect it sends what was not acknowledged."""

    in_order = False


THOROUGH = settings(max_examples=300, stateful_step_count=40, deadline=None)
SEARCH = settings(
    max_examples=2_000,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("machine", [Core, ConsumerCore], ids=["reader", "consumer"])
def test_no_interleaving_loses_or_reorders_anything(machine: type[Core]) -> None:
    run_state_machine_as_test(machine, settings=THOROUGH)


@pytest.mark.parametrize("mutation", mutations.MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_broken_promise_is_found(mutation: type[Window]) -> None:
    class Broken(Core):
        make_window = mutation

    with pytest.raises((AssertionError, StopIteration)):
        run_state_machine_as_test(Broken, settings=SEARCH)
