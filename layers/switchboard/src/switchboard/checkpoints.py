"""Checkpoints: how far a reader came, written under its lease."""

from typing import Protocol

from switchboard.errors import ConfigurationError

# DynamoDB takes items of up to 400 KB.
CHECKPOINT_BYTES = 300 * 1024


class CheckpointStore(Protocol):
    """Where checkpoints are kept, one text for each name."""

    def read(self, name: str) -> str | None:
        """What was written last; None: nothing was.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...

    def write(self, name: str, text: str, fence: int) -> bool:
        """Keep `text`, written under the lease whose fence is `fence`.

        Returns:
            False: somebody wrote under a higher fence. The lease is lost, and nothing was kept.

        Raises:
            ConfigurationError: the text is over CHECKPOINT_BYTES.
            Unavailable: the store cannot be reached.
        """
        ...


def check_size(name: str, text: str) -> None:
    """Refuse a text that no store keeps.

    Raises:
        ConfigurationError: it is over CHECKPOINT_BYTES.
    """
    size = len(text.encode("utf-8", "replace"))
    if size > CHECKPOINT_BYTES:
        raise ConfigurationError(
            f"writing the checkpoint {name}: it has {size} bytes, and {CHECKPOINT_BYTES} are kept;"
            " read fewer partitions in one source"
        )
