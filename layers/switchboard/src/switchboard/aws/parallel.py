"""Sending to one queue by several requests at once, each group in its order."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from switchboard.errors import Unavailable
from switchboard.event import digest
from switchboard.queue import Outbox, Outgoing


class ParallelOutbox:
    """See Outbox. A group is always in the same one of `width` shares, which go side by side."""

    def __init__(self, outbox: Outbox, width: int) -> None:
        self._outbox = outbox
        self._width = width

    def send(self, messages: Sequence[Outgoing]) -> list[str | None]:
        """See Outbox."""
        shares: list[list[int]] = [[] for _ in range(self._width)]
        for index, message in enumerate(messages):
            shares[int(digest(message.group)[:4], 16) % self._width].append(index)
        answers: list[str | None] = [None] * len(messages)
        failures: list[Unavailable] = []

        def send_share(share: list[int]) -> None:
            try:
                found = self._outbox.send([messages[index] for index in share])
            except Unavailable as error:
                failures.append(error)
                found = [str(error)] * len(share)
            for index, answer in zip(share, found, strict=True):
                answers[index] = answer

        filled = [share for share in shares if share]
        with ThreadPoolExecutor(self._width) as pool:
            for done in [pool.submit(send_share, share) for share in filled]:
                done.result()
        if failures and len(failures) == len(filled):
            raise failures[0]
        return answers
