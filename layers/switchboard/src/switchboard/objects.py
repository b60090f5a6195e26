"""The port to object stores."""

from typing import Protocol


class ObjectStore(Protocol):
    """Where a destination keeps objects."""

    def put_if_absent(self, bucket: str, key: str, body: bytes, content_type: str) -> bool:
        """Keep `body` unless there is an object under `key`.

        Returns:
            Whether it was written (False: it was there already).

        Raises:
            ConfigurationError: the bucket is missing, or the role may not write to it.
            Unavailable: the store refused, and kept nothing.
            OutcomeUnknown: nobody can say.
        """
        ...

    def is_there(self, bucket: str, key: str) -> bool:
        """Whether there is an object under `key`.

        Raises:
            ConfigurationError: the bucket is missing, or the role may not look into it.
            Unavailable: the store cannot be asked now.
        """
        ...
