"""What an invocation is asked for: by the schedule everything that runs, by the desk one replay."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from switchboard.errors import EventError

SPARE_SECONDS = 15.0
"""What one step may take: a read of the plan, of the events, and a send, each tried again."""


class Asked(BaseModel):
    """`replay` names one; `seconds` bounds how long it is sent, for a caller that waits."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    replay: str | None = None
    seconds: float | None = Field(default=None, gt=0)

    @classmethod
    def read(cls, event: Mapping[str, Any]) -> Self:
        """An invocation's event; the schedule's own holds neither.

        Raises:
            EventError: `replay` or `seconds` is no such thing.
        """
        try:
            return cls.model_validate(event)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise EventError(f"reading what is asked for: {where}: {first['msg']}") from None

    def until(self, now: float, deadline: float) -> float:
        """When no further step may begin, in epoch seconds."""
        last = deadline - SPARE_SECONDS
        return last if self.seconds is None else min(last, now + self.seconds)
