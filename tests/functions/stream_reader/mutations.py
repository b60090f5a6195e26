"""The reader's core, each time with one promise broken on purpose."""

from functions.stream_reader.message_id import MessageId
from functions.stream_reader.window import Mark, Pending, Window


class AckBeforeSqs(Window):
    """Answers a frame when it comes."""

    def receive(self, mark: Mark, now: float) -> Pending | None:
        pending = super().receive(mark, now)
        if pending is not None:
            self._answers.append(mark.message_id)
            pending.owed_since.clear()
        return pending


class MarkIsTheHighest(Window):
    """Keeps the last confirmed frame instead of the last of an unbroken row."""

    def confirm(self, pending: Pending) -> None:
        super().confirm(pending)
        if self._in_order:
            self.mark = pending.mark


class NoAnswerForDuplicates(Window):
    """Takes a repeated frame for one that needs no answer."""

    def receive(self, mark: Mark, now: float) -> Pending | None:
        known = mark.message_id in self._pending or mark.message_id in self._finished
        return None if known else super().receive(mark, now)


class InclusiveResume(Window):
    """Takes a resumed session to begin with the message it names."""

    @property
    def resume_after(self) -> str:
        if self.mark is None:
            return super().resume_after
        last = MessageId.read(self.mark.message_id)
        return MessageId(last.ledger, last.entry + 1).written()


class ForgottenOnReconnect(Window):
    """Begins each connection with an empty window."""

    def connected(self) -> None:
        super().connected()
        self._pending.clear()


class LatestWithoutAMark(Window):
    """Begins at the end of the topic where there is no checkpoint."""

    @property
    def resume_after(self) -> str:
        return "latest" if self.mark is None else super().resume_after


MUTATIONS = (
    AckBeforeSqs,
    MarkIsTheHighest,
    NoAnswerForDuplicates,
    InclusiveResume,
    ForgottenOnReconnect,
    LatestWithoutAMark,
)
