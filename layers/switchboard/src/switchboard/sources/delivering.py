"""Which events of a source are delivered: two sources may read the same events side by side."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from switchboard.sources.kind import SourceDocument


class DeliveringDocument(SourceDocument):
    """A source of which only a part may be delivered. All of it is archived and recorded.

    The time that decides is the event's own, so that two sources which read the same events and
    name the same moment, one as its end and one as its beginning, deliver each event once.
    """

    deliver: bool = Field(
        default=True,
        description="Whether its events go to destinations; false: they are only recorded.",
    )
    deliver_from: AwareDatetime | None = Field(
        default=None, description="Only events of this time or later are delivered."
    )
    deliver_until: AwareDatetime | None = Field(
        default=None, description="Only events before this time are delivered."
    )

    @model_validator(mode="after")
    def _from_before_until(self) -> Self:
        begin, end = self.deliver_from, self.deliver_until
        if begin is not None and end is not None and begin >= end:
            raise ValueError("deliver_from must be before deliver_until")
        return self


class DeliveryRule(BaseModel):
    """What the router reads of a source's document, and nothing of the kind's own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    deliver: bool = True
    deliver_from: AwareDatetime | None = None
    deliver_until: AwareDatetime | None = None

    def takes(self, time: datetime) -> bool:
        """Whether an event of that time is delivered."""
        early = self.deliver_from is not None and time < self.deliver_from
        late = self.deliver_until is not None and time >= self.deliver_until
        return self.deliver and not early and not late


DeliveryRules = Mapping[str, DeliveryRule]
"""The rules of sources, by name; a source without one delivers everything."""


def delivers(rules: DeliveryRules, source: str, time: datetime) -> bool:
    """Whether an event of `source` and that time goes to destinations."""
    rule = rules.get(source)
    return rule is None or rule.takes(time)
