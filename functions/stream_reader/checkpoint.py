"""Where reading goes on after a restart, as it is kept.

A place's checkpoint holds the low-water mark. Before the first frame it holds only `since`: a first
start at `latest` reads from the earliest message and leaves out what was published before, because
a session opened with `latest` that has received nothing loses what comes while the server's own
connection is renewed (and so does a second session).
"""

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.stream_reader.window import Mark
from switchboard.errors import ConfigurationError

CLOCK_MARGIN = 60.0
"""Seconds by which 8x8's clock may be behind ours."""


class Checkpoint(BaseModel):
    """Times are epoch seconds. `alive_at` is when this was last known to be read.

    Where nothing that comes has an id to be kept, `heard` says that something came once, and
    `finished` whether SQS has everything that came.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: int = Field(default=1, le=1)
    message_id: str | None = None
    published: float | None = None
    since: float | None = None
    heard: bool | None = None
    finished: bool | None = None
    alive_at: float

    @property
    def mark(self) -> Mark | None:
        """The low-water mark."""
        return None if self.message_id is None else Mark(self.message_id, self.published)

    def wants(self, published: float | None) -> bool:
        """Whether a message of that time is to be forwarded; an unknown time is."""
        return self.since is None or published is None or published >= self.since


def first_checkpoint(start: str, now: float) -> Checkpoint:
    """For a place that was never read: `start` is `earliest`, `latest` or a message id."""
    if start == "earliest":
        return Checkpoint(alive_at=now)
    if start == "latest":
        return Checkpoint(since=now - CLOCK_MARGIN, alive_at=now)
    return Checkpoint(message_id=start, alive_at=now)


def read_checkpoint(name: str, text: str) -> Checkpoint:
    """What was kept under `name`.

    Raises:
        ConfigurationError: it cannot be read. To start anew instead would lose or repeat events,
            and is for the operator to decide.
    """
    try:
        return Checkpoint.model_validate_json(text)
    except ValidationError:
        raise ConfigurationError(
            f"reading the checkpoint {name}: it cannot be read, and where to go on is not guessed;"
            f" delete the item checkpoint#{name} of the state table to start as the source's"
            " document says"
        ) from None
