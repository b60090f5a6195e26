"""Whether Lambda polls a destination's queues: its event source mappings, switched on and off."""

from typing import Protocol


class Mappings(Protocol):
    """Lambda's event source mappings."""

    def is_enabled(self, mapping_id: str) -> bool | None:
        """Whether it polls; None: it is changing, and takes no other change meanwhile.

        Raises:
            Unavailable, ConfigurationError: it cannot be asked.
        """
        ...

    def switch(self, mapping_id: str, *, enabled: bool) -> bool:
        """Let it poll, or not; it is done later. False: it is changing, and was left as it is.

        Raises:
            Unavailable, ConfigurationError: it cannot be switched.
        """
        ...
