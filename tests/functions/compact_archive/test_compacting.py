"""Compaction of the archive: wherever it dies and however often it runs, each event is once."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.compact_archive.compacting import LOOKED_BACK_DAYS, Compacting, Done
from switchboard.archive import RawLine, decode_line, encode_lines, object_key
from switchboard.envelope import Raw, RawRef
from switchboard.event import utc_text
from switchboard.hours import COMPACTED, MODELLED, RAW, modelled_line
from switchboard.testing.archived_hours import MemoryHours
from switchboard.testing.deliveries import make_event

TODAY = date(2026, 11, 25)
LONG = 10_000.0


class Died(BaseException):
    """The process ends."""


class Dying(MemoryHours):
    """An archive at which the process dies before its so-manieth write."""

    def __init__(self) -> None:
        super().__init__()
        self.dies_at: int | None = None

    def write(self, key: str, body: bytes, made_of: str) -> None:
        if self.dies_at == self.writes:
            self.dies_at = None
            raise Died
        super().write(key, body, made_of)


def line(number: int, hour: int, days_ago: int) -> RawLine:
    """Every third event is one of our own, without a payload."""
    at = datetime(2026, 11, 25, hour, 5, tzinfo=UTC) - timedelta(days=days_ago)
    event = make_event(number, data={"number": number, "text": "é\n"}).model_copy(
        update={"time": at}
    )
    payload = Raw(kind="hmac", body=json.dumps(event.data), received_at=utc_text(at))
    return RawLine(event.id, event.source, at, payload if number % 3 else None, event)


def archive(hours: MemoryHours, *lines: RawLine) -> str:
    key = object_key(lines)
    hours.kept[key] = encode_lines(lines)
    return key


def layer(hours: MemoryHours, name: str) -> Iterator[dict[str, Any]]:
    for key, body in hours.kept.items():
        if key.startswith(f"{name}/"):
            yield from (json.loads(one) for one in gzip.decompress(body).splitlines())


def run(hours: MemoryHours, *, today: date = TODAY, deadline: float = LONG) -> Done:
    return Compacting(hours, lambda: 0.0).run(today, deadline)


# Per hour (of two days) the batches that arrive in it, each of some events.
arriving = st.dictionaries(
    st.tuples(st.integers(0, 2), st.integers(1, 2)),
    st.lists(st.sets(st.integers(1, 9), min_size=1, max_size=4), min_size=1, max_size=3),
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(arriving, arriving, st.lists(st.integers(0, 8), max_size=3))
def test_nothing_is_lost_or_doubled_wherever_it_dies(
    first: dict[tuple[int, int], list[set[int]]],
    later: dict[tuple[int, int], list[set[int]]],
    deaths: list[int],
) -> None:
    hours = Dying()
    every: list[RawLine] = []
    for arrived in (first, later):
        for (hour, days_ago), batches in arrived.items():
            for batch in batches:
                lines = [line(number, hour, days_ago) for number in batch]
                archive(hours, *lines)
                every += lines
        originals = {key: body for key, body in hours.kept.items() if key.startswith(RAW)}
        for death in deaths:
            hours.dies_at = hours.writes + death
            with suppress(Died):
                run(hours)
        hours.dies_at = None
        run(hours)
        assert run(hours).made == 0
        assert {key: hours.kept[key] for key in originals} == originals
    # An event belongs to each hour in which it arrived, and is there once.
    assert _once(hours, MODELLED) == {_place(one) for one in every}
    assert _once(hours, COMPACTED) == {_place(one) for one in every if one.raw}


def _place(line: RawLine) -> tuple[str, str]:
    return line.event_id, utc_text(line.time)[:13]


def _once(hours: MemoryHours, name: str) -> set[tuple[str, str]]:
    counted = Counter((one["id"], one["time"][:13]) for one in layer(hours, name))
    assert set(counted.values()) <= {1}
    return set(counted)


def test_references_stay_readable_and_layers_hold_what_came_and_what_it_became() -> None:
    hours = MemoryHours()
    came = line(1, 9, 1)
    key = archive(hours, came)
    assert came.raw is not None
    assert came.event is not None
    done = run(hours)
    assert (done.made, done.objects, done.lines, done.events, done.left) == (1, 1, 1, 1, 0)
    assert decode_line(hours.kept[key], RawRef(bucket="b", key=key, line=0)) == came.raw
    assert list(layer(hours, COMPACTED)) == [
        {"id": came.event_id, "source": came.source, "time": utc_text(came.time)}
        | came.raw.model_dump()
    ]
    (modelled,) = layer(hours, MODELLED)
    assert json.loads(modelled["data"]) == came.event.data
    assert modelled == modelled_line(came.event.model_dump(mode="json"))


def test_what_is_forgotten_leaves_the_layers_when_the_hour_is_made_again() -> None:
    hours = MemoryHours()
    key = archive(hours, line(1, 9, 1), line(2, 9, 1))
    run(hours)
    blank = json.dumps({"id": line(1, 9, 1).event_id, "source": "s", "time": "t"})
    kept = gzip.decompress(hours.kept[key]).decode().splitlines()[1]
    hours.kept[key] = gzip.compress(f"{blank}\n{kept}\n".encode(), mtime=0)
    assert run(hours).made == 1
    for name in (COMPACTED, MODELLED):
        assert [one["id"] for one in layer(hours, name)] == [line(2, 9, 1).event_id]


def test_a_line_of_the_release_before_is_raw_alone() -> None:
    hours = MemoryHours()
    old = line(1, 9, 1)
    archive(hours, RawLine(old.event_id, old.source, old.time, old.raw))
    assert (run(hours).lines, run(hours).events) == (1, 0)
    assert len(list(layer(hours, COMPACTED))) == 1


@pytest.mark.parametrize(("days_ago", "made"), [(0, 0), (1, 1), (LOOKED_BACK_DAYS, 1), (16, 0)])
def test_days_that_are_over_are_looked_at_as_long_as_a_batch_may_come_late(
    days_ago: int, made: int
) -> None:
    hours = MemoryHours()
    archive(hours, line(1, 9, days_ago))
    assert run(hours).made == made


def test_without_time_the_rest_is_left_to_the_next() -> None:
    hours = MemoryHours()
    archive(hours, line(1, 9, 1))
    archive(hours, line(2, 10, 1))
    assert run(hours, deadline=60.0) == Done(left=2)
    assert hours.writes == 0
    assert run(hours).made == 2
