import re
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from switchboard.event import Event, digest, event_id, group_of, queue_safe

QUEUE_SAFE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@given(text=st.text())
def test_any_text_becomes_a_group_that_sqs_takes(text: str) -> None:
    assert QUEUE_SAFE.fullmatch(queue_safe(text))
    assert QUEUE_SAFE.fullmatch(group_of("id", NOON, interaction=text))
    assert QUEUE_SAFE.fullmatch(group_of("id", NOON, agent=text))


def test_spaces_and_umlauts_are_hashed_and_plain_ids_are_kept() -> None:
    assert group_of("id", NOON, interaction="a1-b2") == "interaction:a1-b2"
    assert queue_safe("Büro Süd 7") == queue_safe("Büro Süd 7")
    assert queue_safe("Büro Süd 7") != queue_safe("Büro Süd 8")


def test_the_group_is_the_interaction_else_the_agent_on_a_utc_day_else_the_event() -> None:
    late = datetime(2026, 11, 25, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    assert group_of("id", NOON, interaction="one", agent="ann") == "interaction:one"
    assert group_of("id", late, agent="ann") == "agent:ann:2026-11-24"
    assert group_of("id", NOON) == "event:id"


@given(parts=st.lists(st.text(), min_size=2, max_size=4))
def test_where_a_part_ends_matters(parts: list[str]) -> None:
    joined = [parts[0] + parts[1], *parts[2:]]
    assert digest(*parts) != digest(*joined)


def test_two_sources_never_share_an_event_id() -> None:
    assert event_id("meetings", "1") != event_id("partner", "1")


@given(time=st.datetimes(timezones=st.timezones()))
def test_an_event_that_was_read_back_is_the_one_that_was_written(time: datetime) -> None:
    try:
        event = Event(id="one", source="s", type="t", time=time, sourceeventid="1")
    except OverflowError:
        assert time.year in {1, 9999}
        return
    assert Event.model_validate(event.model_dump(mode="json")) == event
