"""What goes wrong on purpose, repeatable by seed."""

import random
from dataclasses import dataclass, field


def _dice() -> random.Random:
    return random.Random(0)  # noqa: S311 - repeatable, not secret


@dataclass(slots=True)
class Faults:
    """The faults that hold for every session; `injected` counts what really happened.

    `swaps` are the ids of messages that changed places, in the order in which they were sent.
    """

    refuse_status: int = 0
    refuse_times: int = 0
    refuse_reason: str = "refused on purpose"
    handshake_seconds: float = 0.0
    delay_seconds: float = 0.0
    duplicate_share: float = 0.0
    swap_share: float = 0.0
    muted: bool = False
    tokens_expired: bool = False
    dice: random.Random = field(default_factory=_dice)
    injected: dict[str, int] = field(default_factory=dict)
    swaps: list[tuple[str, str]] = field(default_factory=list)

    def count(self, name: str, times: int = 1) -> None:
        """A fault happened."""
        self.injected[name] = self.injected.get(name, 0) + times

    def strikes(self, name: str, share: float) -> bool:
        """Whether a fault of this share happens now."""
        happens = share > 0 and self.dice.random() < share
        if happens:
            self.count(name)
        return happens

    def refusal(self) -> int:
        """The status for this handshake; 0 for none."""
        if self.refuse_times <= 0:
            return 0
        self.refuse_times -= 1
        self.count("refuse")
        return self.refuse_status
