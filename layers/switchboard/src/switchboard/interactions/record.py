"""What is known of one interaction, as data."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from switchboard.event import UtcTime, digest


class State(StrEnum):
    """How far it is: `ended` is over for everybody, `closed` is ended and was told of as closed."""

    OPEN = "open"
    ENDED = "ended"
    CLOSED = "closed"


class Outcome(StrEnum):
    """What became of it.

    Of one that comes in and that nobody took: `refused` and `missed` were ringing last (the agent
    said no; nobody answered), `abandoned` waited in a queue last. `no_answer` went out in vain.
    `unknown`: its end was not seen, and nothing that was seen says what became of it.
    """

    OPEN = "open"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    MISSED = "missed"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    UNKNOWN = "unknown"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Customer(_Part):
    """The other side, as far as an event named it."""

    phone: str | None = None
    name: str | None = None
    email: str | None = None


class Spent(_Part):
    """What an agent spent on it, in whole seconds.

    `talk_seconds` runs from the answer to the wrap-up, holds and mutes included.
    """

    ring_seconds: int = 0
    talk_seconds: int = 0
    hold_seconds: int = 0
    mute_seconds: int = 0
    wrap_seconds: int = 0


class Durations(Spent):
    """The same of all agents: where two do the same at once, the time counts once."""

    queue_seconds: int = 0
    total_seconds: int = Field(default=0, description="From the first event to the end.")


class Queue(_Part):
    """A queue that it was in."""

    id: str
    name: str | None = None


class Agent(_Part):
    """An agent whom it was offered to, or who took part."""

    id: str
    offers: int = 0
    refusals: int = 0
    timeouts: int = 0
    accepted_at: UtcTime | None = None
    durations: Spent = Spent()


class Transfer(_Part):
    """A transfer that an agent asked for; the other leg names this one as its original."""

    at: UtcTime
    agent: str | None = None
    to: tuple[str, ...] = ()


class Recording(_Part):
    """Its recording: begun, paused so often, retrievable."""

    started_at: UtcTime | None = None
    pauses: int = 0
    ready_at: UtcTime | None = None


class WrapUp(_Part):
    """An item that the agent chose."""

    list: str
    item: str


class HangUp(_Part):
    """Who ended it and why."""

    by: str | None = None
    reason: str | None = None


class Interaction(_Part):
    """One interaction, from its events. What no event said is None or empty.

    `unsure` names the durations of which a beginning or an end was not seen. Of a value that was
    said more than once, the newest counts.
    """

    interaction: str | None = Field(default=None, description="Its id, as its events have it.")
    state: State = State.OPEN
    outcome: Outcome = Outcome.OPEN
    media: str | None = None
    direction: str | None = None
    customer: Customer = Customer()
    queue: str | None = Field(default=None, description="The queue it was in last.")
    queues: tuple[Queue, ...] = ()
    agents: tuple[Agent, ...] = ()
    participants: tuple[str, ...] = ()
    transaction: str | None = None
    channel: str | None = None
    campaign: str | None = None
    priority: int | None = None
    original_interaction: str | None = Field(
        default=None, description="Of a transferred leg: the interaction that it began in."
    )
    transfers: tuple[Transfer, ...] = ()
    durations: Durations = Durations()
    unsure: tuple[str, ...] = ()
    end_lost: bool = Field(
        default=False,
        description="Its end was not seen: nothing was heard of it for `lost_end_hours`.",
    )
    disposition: str | None = None
    wrap_up: tuple[WrapUp, ...] = ()
    notes: str | None = None
    hangup: HangUp = HangUp()
    recording: Recording = Recording()
    first_event_at: UtcTime | None = None
    waiting_since: UtcTime | None = Field(
        default=None, description="While it waits in a queue: since when."
    )
    answered_at: UtcTime | None = None
    ended_at: UtcTime | None = None
    last_event_at: UtcTime | None = None
    events: int = 0

    @property
    def content_digest(self) -> str:
        """A hash of what it tells: the same until an event changes more than when it was seen.

        That a recording can be fetched has an event of its own, and comes late as a rule.
        """
        told = self.model_copy(
            update={"recording": self.recording.model_copy(update={"ready_at": None})}
        )
        left_out = {"state", "events", "last_event_at"}
        if not self.end_lost:  # what was told before there was this field is told by the same hash
            left_out.add("end_lost")
        return digest(told.model_dump_json(exclude=left_out))
