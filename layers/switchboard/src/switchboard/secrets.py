"""The port to secrets: one per source and destination, its name fixed by infrastructure."""

from collections.abc import Mapping
from typing import Protocol


class SecretStore(Protocol):
    """Where secrets are kept; each is a JSON object of texts."""

    def accepted(self, name: str, *, rotation_hours: int = 24) -> tuple[Mapping[str, str], ...]:
        """The values of "sources/meetings" that count now, newest first.

        The previous value counts for `rotation_hours` after the current one was set.

        Raises:
            ConfigurationError: it was never set, or holds no JSON object of texts.
            Unavailable: it cannot be read now.
        """
        ...

    def refresh(self, name: str) -> None:
        """Forget what is known of `name`: the vendor refused it, so it may have been changed."""
        ...
