"""The port to secrets: one per source and destination, its name fixed by infrastructure."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from switchboard.errors import ConfigurationError

MAPPING_KEY = "mapping_key"
"""The field of any destination's secret that `hash` and `tokenise` of its mapping take as key."""


def mapping_key(name: str, accepted: Sequence[Mapping[str, str]]) -> str:
    """The key in the newest of a destination's secrets.

    Raises:
        ConfigurationError: there is none.
    """
    key = accepted[0].get(MAPPING_KEY, "") if accepted else ""
    if not key:
        raise ConfigurationError(
            f"mapping for {name}: hash() and tokenise() need {MAPPING_KEY} in its secret; run"
            f" `switchboard secrets set {name}`"
        )
    return key


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
