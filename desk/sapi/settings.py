"""What the server is like, and what goes wrong on purpose."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Settings:
    """Times are in seconds. With `frame_bytes`, messages are cut into frames of that size.

    `in_a_frame` is how many waiting messages are put into one frame at the most.
    """

    tenant: str = "acme01"
    username: str = "acme-user"
    token: str = "data-request-token"  # noqa: S105 - of a stand-in
    session_seconds: float = 3600.0
    replay_seconds: float = 7200.0
    heartbeat_seconds: float = 30.0
    most_clients: int = 3
    frame_bytes: int = 0
    in_a_frame: int = 1


@dataclass(slots=True)
class Faults:
    """`silent`: nothing is sent, and sockets stay open. `injected` counts what happened."""

    refuse_status: int = 0
    refuse_times: int = 0
    silent: bool = False
    injected: dict[str, int] = field(default_factory=dict)

    def count(self, name: str, times: int = 1) -> None:
        """A fault happened."""
        self.injected[name] = self.injected.get(name, 0) + times

    def refusal(self) -> int:
        """The status for this handshake; 0 for none."""
        if self.refuse_times <= 0:
            return 0
        self.refuse_times -= 1
        self.count("refuse")
        return self.refuse_status
