"""What one run of the demo does, and what is to go wrong in it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from desk.demo.documents import CHAT, STREAM
from desk.demo.stream import StreamPlan

PER_INTERACTION = 16
"""For so many webhooks one interaction of the stream, which is some eight events."""

URGENT = "urgent lane"
"""What evidence calls it where something went this way."""

INTERACTIONS_A_SECOND = 4.0
"""At most, so that a large stream comes no faster than the laptop routes it."""


@dataclass(frozen=True, slots=True)
class Loss:
    """An execution of a function that is lost: its process is killed, or its answer lost.

    `function` is its name without the stage's prefix. It is asked for from `after` seconds on until
    it was met: an invocation may end before it is killed. A batch of fewer records is spared.
    """

    function: str
    what: Literal["killed", "lost"]
    after: float = 0.0
    least_records: int = 2

    @property
    def where(self) -> str:
        """What evidence calls it: the destination, or the function."""
        return self.function.removeprefix("to-")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does. `outage` is how long `crm` answers 503; `kill` kills a function of it.

    After it `stumbles` interactions meet one more 503. `patience` is how long nothing may move
    before the run is given up: longer than any back-off that these faults lead to.
    `undelayed` are the destinations that must keep up meanwhile: none, where the outage is too
    short to show it on any machine. The stream has so many `interactions` (None: as many as goes
    with the webhooks) and is played for `stream_seconds`; its reader is killed, and its sockets are
    cut, so many times. `revoked` is a role and the number of one of its statements, which is taken
    from it; the run ends as soon as it is refused something for it. At the end the ready-made
    mappings are shown at work, unless something is broken on purpose.
    """

    events: int = 400
    seed: int = 8
    outage: float = 20.0
    kill: bool = True
    at_once: int = 8
    pause: float = 0.12
    patience: float = 150.0
    stumbles: int = 0
    undelayed: tuple[str, ...] = ("lake",)
    interactions: int | None = None
    stream_seconds: float = 75.0
    stream_kills: int = 2
    stream_drops: int = 3
    revoked: tuple[str, int] | None = None
    ready_made: bool = True

    @property
    def faults(self) -> Mapping[str, Any]:
        """What goes wrong at the stand-ins, which take it as it is."""
        return {
            "crm": {
                "down": [3.0, 3.0 + self.outage],
                "stumbles": self.stumbles,
                "limited_at": 5,
                "page_at": 9,
                "silent_at": 13,
            },
            "pager": {"silent_at": 20},
            CHAT: {"silent_at": 3},
        }

    @property
    def losses(self) -> Collection[Loss]:
        """The executions that are lost."""
        lost = Loss("to-pager", "lost")
        return (lost, Loss("to-crm", "killed")) if self.kill else (lost,)

    @property
    def stream(self) -> StreamPlan:
        """What is played on the stream, and what goes wrong there."""
        played = self.interactions or max(8, self.events // PER_INTERACTION)
        return StreamPlan(
            interactions=played,
            seed=self.seed,
            seconds=max(self.stream_seconds, played / INTERACTIONS_A_SECOND),
            kills=self.stream_kills,
            drops=self.stream_drops,
        )

    @property
    def due(self) -> Mapping[str, Collection[str]]:
        """What must have gone wrong at each destination, in the words of the evidence."""
        crm = {"503", "429", "page of HTML", "unanswered"}
        return {
            "crm": crm | {"killed"} if self.kill else crm,
            "pager": {"unanswered", "lost", URGENT},
            CHAT: {"unanswered", "looked for"},
            "SQS": {"refused"},
            STREAM: self.stream.due,
        }
