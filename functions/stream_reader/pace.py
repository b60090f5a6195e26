"""How often the reader does what it does by the clock."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """All in seconds.

    The server drops a session after five quiet minutes, load balancers after one: hence `ping`;
    `pong` is how long its answer may take.

    `probe` is how long a session is listened to, to tell a mute topic from a quiet one. `drain` is
    for what came before the stop signal and SQS has not taken yet: of the 120 until the kill.
    """

    lease: float = 30.0
    contend_every: float = 5.0
    keep_every: float = 1.0
    look_every: float = 0.5
    probe: float = 20.0
    ping: float = 20.0
    pong: float = 20.0
    ask_every: float = 5.0
    document_every: float = 5.0
    try_again: float = 10.0
    longest_back_off: float = 60.0
    drain: float = 60.0
