"""Finding events of a span of days by what is in them, without holding the days."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from desk.records.events import EventRecords, Kept, Key
from desk.records.tables import BATCH_KEYS, batches
from switchboard.mapping.phones import e164

LONGEST_NUMBER = 40


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; what is None or empty does not matter.

    `type` may hold `*`. `text` is looked for in subject and data, whatever the case; `phone` in
    any value that is the same number, however it is written in `region`.
    """

    begin: datetime
    end: datetime
    sources: Sequence[str]
    type: str | None = None
    text: str | None = None
    phone: str | None = None
    region: str = "US"

    def days(self) -> Iterator[date]:
        """Every day of the span, the last one first."""
        day = self.end.date()
        while day >= self.begin.date():
            yield day
            day -= timedelta(days=1)

    def fits(self, kept: Kept) -> bool:
        """Whether an event is wanted."""
        if not self.begin <= datetime.fromisoformat(kept.time) < self.end:
            return False
        if self.type is not None and not fnmatchcase(kept.type, self.type):
            return False
        return self._fits_content(kept)

    def _fits_content(self, kept: Kept) -> bool:
        if self.text is None and self.phone is None:
            return True
        if kept.event is None:
            return False
        content = {"subject": kept.event.subject, "data": kept.event.data}
        if self.text is not None:
            shown = json.dumps(content, ensure_ascii=False).casefold()
            if self.text.casefold() not in shown:
                return False
        if self.phone is None:
            return True
        number = e164(self.phone, self.region)
        return number is not None and any(
            e164(value, self.region) == number for value in _numbers(content)
        )


def _numbers(content: Any) -> Iterator[str]:
    """Every text that could be a phone number."""
    rest = [content]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            rest.extend(value.values())
        elif isinstance(value, list):
            rest.extend(value)
        elif isinstance(value, str | int) and not isinstance(value, bool):
            text = str(value)
            if len(text) <= LONGEST_NUMBER and sum(map(str.isdigit, text)) >= 5:
                yield text


def search(
    events: EventRecords, wanted: Wanted, *, limit: int, looked: Callable[[int], None]
) -> Iterator[Kept]:
    """The first `limit` events that are wanted, the newest days first."""
    found = number = 0
    for some in batches(_keys(events, wanted), BATCH_KEYS):
        number += len(some)
        looked(number)
        for kept in sorted(events.get(some), key=lambda one: one.time, reverse=True):
            if wanted.fits(_whole(events, wanted, kept)):
                yield kept
                found += 1
                if found >= limit:
                    return


def _whole(events: EventRecords, wanted: Wanted, kept: Kept) -> Kept:
    """`kept` with the event in it, where its content matters and it is kept apart."""
    looks_inside = wanted.text is not None or wanted.phone is not None
    return replace(kept, event=events.whole(kept)) if looks_inside else kept


def _keys(events: EventRecords, wanted: Wanted) -> Iterator[Key]:
    for day in wanted.days():
        for source in wanted.sources:
            yield from events.keys_of_day(source, day)
