"""Event source mappings, in memory."""

from switchboard.testing.stores import Failing


class MemoryMappings(Failing):
    """See Mappings. `settle` ends what is changing, as AWS does some time later.

    `conflicts` are those that begin to change just before they are switched.
    """

    def __init__(self) -> None:
        self.enabled: dict[str, bool] = {}
        self.changing: set[str] = set()
        self.conflicts: set[str] = set()

    def is_enabled(self, mapping_id: str) -> bool | None:
        """See Mappings."""
        self.check()
        return None if mapping_id in self.changing else self.enabled.get(mapping_id, True)

    def switch(self, mapping_id: str, *, enabled: bool) -> bool:
        """See Mappings."""
        if mapping_id in self.conflicts:
            return False
        self.enabled[mapping_id] = enabled
        self.changing.add(mapping_id)
        return True

    def settle(self) -> None:
        """End every change."""
        self.changing.clear()
        self.conflicts.clear()
