"""What a look tells: closed once, revised by what is late, absent only as long as it is true."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from switchboard.absence import Look, look, silences
from switchboard.errors import ConfigurationError
from switchboard.event import OWN_SOURCE, Event, utc_text
from switchboard.interactions import read_steps
from switchboard.timers import (
    SHORTEST_SILENCE,
    Rule,
    Timer,
    Waits,
    called_bucket,
    called_mark,
    compile_timer,
    looks,
    timer_mark,
)
from tests.switchboard.interactions.generated import generated
from tests.switchboard.interactions.stories import BEGAN, golden

GRACE = 60
LOST = 24 * 60 * 60
GROUP = "interaction:one"


def rule(rule: Rule, seconds: int, when: str = "`true`", source: str = "") -> Timer:
    more = f', "source": "{source}"' if source else ""
    text = f'{{"rule": "{rule}", "seconds": {seconds}, "when": "{when}"{more}}}'
    return compile_timer("mine", text)


def told(events: list[Event], now: float, *timers: Timer, called: bool = False) -> list[Event]:
    return list(looked(events, now, *timers, called=called).facts)


def looked(events: list[Event], now: float, *timers: Timer, called: bool = False) -> Look:
    return look(GROUP, read_steps(events), timers, Waits(GRACE, LOST), now, lambda *_: called)


def kinds(found: list[Event]) -> list[str]:
    return [fact.type.removeprefix("interaction.") for fact in found]


def events_of(name: str, seconds: int | None = None) -> list[Event]:
    """A golden's events; those of its first `seconds`."""
    events, _ = golden(name)
    ends = datetime.fromtimestamp(BEGAN + (10**6 if seconds is None else seconds), UTC)
    return [event for event in events if event.time <= ends]


class TestClosing:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("inbound", ["closed"]),
            ("abandon", ["closed", "abandoned"]),
            ("missed", ["closed", "missed"]),
            ("no_answer", ["closed"]),
            ("chat", ["closed"]),
        ],
    )
    def test_it_is_told_when_the_grace_period_is_over_and_not_again(
        self, name: str, said: list[str]
    ) -> None:
        events = events_of(name)
        ends = ("deleted", "wrap_up.ended", "deassigned")
        last = max(e.time.timestamp() for e in events if e.type.endswith(ends))
        assert told(events, last + GRACE - 1) == []
        found = told(events, last + GRACE)
        assert kinds(found) == said
        assert told([*events, *found], last + 10**6) == []
        assert kinds(told([*events, found[0]], last + GRACE)) == said[1:]

    def test_its_data_is_the_record_and_it_is_newer_than_what_it_was_folded_from(self) -> None:
        events = events_of("inbound")
        (closed,) = told(events, BEGAN + 10**6)
        assert closed.data["durations"]["talk_seconds"] == 174
        assert closed.data["interaction"] == events[0].data["interaction"]
        assert (closed.data["state"], closed.data["outcome"]) == ("closed", "answered")
        assert closed.time > max(event.time for event in events)
        assert closed.subject == events[0].subject

    def test_what_goes_on_is_not_told(self) -> None:
        assert told(events_of("inbound", 100), BEGAN + LOST) == []
        assert told([], BEGAN) == []

    def test_a_late_event_that_changes_it_revises_it_once(self) -> None:
        events = events_of("inbound")
        late = next(event for event in events if event.type.endswith("wrap_up.ended"))
        first = [event for event in events if event is not late]
        (closed,) = told(first, BEGAN + 10**6)
        (revised,) = told([*events, closed], BEGAN + 10**6)
        assert revised.type == "interaction.revised"
        assert (revised.time, revised.sequence) > (closed.time, closed.sequence)
        assert told([*events, closed, revised], BEGAN + 10**6) == []

    def test_a_late_event_that_says_nothing_new_revises_nothing(self) -> None:
        events = events_of("inbound")
        assert events[-1].type == "interaction.recording.ready"
        (closed,) = told(events[:-1], BEGAN + 10**6)
        assert told([*events, closed], BEGAN + 10**6) == []

    def test_whatever_the_order_of_events_and_looks_the_last_that_is_told_is_true(self) -> None:
        for seed in range(150):
            dice = random.Random(seed)
            events = list(generated(seed).events)
            (whole, *_) = told(events, BEGAN + 10**6)
            dice.shuffle(events)
            there: dict[str, Event] = {}
            under_way: list[Event] = []
            for event in events:
                there[event.id] = event
                under_way += told(list(there.values()), BEGAN + dice.choice([0, 10**6]))
                while under_way and dice.random() < 0.5:  # the table keeps the first of an id
                    fact = under_way.pop(0)
                    there.setdefault(fact.id, fact)
            for _ in range(2):
                for fact in under_way:
                    there.setdefault(fact.id, fact)
                under_way = told(list(there.values()), BEGAN + 10**6)
            assert under_way == []
            told_of = [fact for fact in there.values() if "digest" in fact.data]
            assert kinds(told_of).count("closed") == 1
            assert whole.data["digest"] in {fact.data["digest"] for fact in told_of}


class TestRules:
    WAITING = rule(Rule.WAITING_LONGER_THAN, 30)

    def test_it_waits_too_long_until_somebody_takes_it(self) -> None:
        waits = events_of("refused_offer", 0)
        assert told(waits, BEGAN + 29, self.WAITING) == []
        (fact,) = told(waits, BEGAN + 30, self.WAITING)
        assert fact.type == "interaction.waiting_too_long"
        assert fact.data["timer"]["seconds"] == 30
        assert fact.data["queue"] == "1162"
        assert told([*waits, fact], BEGAN + 300, self.WAITING) == []
        assert told(events_of("refused_offer", 10), BEGAN + 300, self.WAITING) == []
        # Back in the queue after a refusal, it waits anew.
        (again,) = told(events_of("refused_offer", 18), BEGAN + 48, self.WAITING)
        assert again.id != fact.id

    def test_the_same_look_later_tells_the_same_event(self) -> None:
        waits = events_of("refused_offer", 0)
        (early,), (late,) = (told(waits, BEGAN + n, self.WAITING) for n in (30, 3000))
        assert early == late

    def test_unanswered_and_not_closed(self) -> None:
        unanswered = rule(Rule.UNANSWERED_FOR, 20)
        assert kinds(told(events_of("inbound", 20), BEGAN + 20, unanswered)) == ["unanswered"]
        assert told(events_of("inbound", 26), BEGAN + 200, unanswered) == []
        assert told(events_of("outbound", 1), BEGAN + 200, unanswered) == []
        not_closed = rule(Rule.NOT_CLOSED_WITHIN, 100)
        assert kinds(told(events_of("inbound", 100), BEGAN + 100, not_closed)) == ["not_closed"]
        assert kinds(told(events_of("inbound"), BEGAN + 10**6, not_closed)) == ["closed"]

    def test_nobody_called_back(self) -> None:
        callback = rule(Rule.NO_CALLBACK_WITHIN, 3600)
        events = events_of("abandon")
        closed = told(events, BEGAN + 200)
        assert told([*events, *closed], BEGAN + 3600, callback) == []
        assert told([*events, *closed], BEGAN + 3645, callback, called=True) == []
        found = told([*events, *closed], BEGAN + 3645, callback)
        assert kinds(found) == ["not_called_back"]
        answered = events_of("inbound")
        assert kinds(told(answered, BEGAN + 10**6, callback)) == ["closed"]

    def test_the_predicate_chooses(self) -> None:
        waits = events_of("refused_offer", 0)
        for when, number in (("data.queue == '1162'", 1), ("data.queue == '7'", 0)):
            one = rule(Rule.WAITING_LONGER_THAN, 30, when)
            assert len(told(waits, BEGAN + 100, one)) == number

    def test_a_source_is_silent_once_for_each_silence(self) -> None:
        silent = rule(Rule.SOURCE_SILENT_FOR, 300, source="calls")
        heard = {"calls": 1000.0, "chats": 0.0}
        assert silences([silent], heard, 1299) == []
        (fact,) = silences([silent], heard, 1300)
        assert (fact.type, fact.subject, fact.source) == ("source.silent", "calls", OWN_SOURCE)
        assert silences([silent], heard, 9000) == [fact]
        (other,) = silences([silent], {"calls": 2000.0}, 9000)
        assert other.id != fact.id
        every = rule(Rule.SOURCE_SILENT_FOR, 300)
        assert len(silences([every], heard, 9000)) == 2


class TestSetting:
    TIMERS = (
        rule(Rule.WAITING_LONGER_THAN, 120),
        rule(Rule.UNANSWERED_FOR, 90),
        rule(Rule.NO_CALLBACK_WITHIN, 3600),
    )

    def due(self, event: Event, late: float = 0) -> set[float]:
        at = event.time.timestamp()
        return {due - at for due in looks(event, self.TIMERS, GRACE, at + late)}

    def test_only_what_opens_or_closes_sets_a_timer(self) -> None:
        found = [self.due(event) for event in events_of("inbound")]
        names = [event.type.removeprefix("interaction.") for event in events_of("inbound")]
        setting = {name: due for name, due in zip(names, found, strict=True) if due}
        assert setting == {
            "created": {90},
            "queued": {120},
            "wrap_up.ended": {60},
            "deassigned": {60},
            "deleted": {60, 3600},
        }

    def test_what_comes_late_is_a_reason_to_look_in_a_minute(self) -> None:
        hold = next(e for e in events_of("inbound") if e.type == "interaction.hold.changed")
        assert self.due(hold, GRACE) == set()
        (due,) = self.due(hold, 1000)
        assert 1000 + GRACE <= due < 1000 + GRACE + 60

    def test_what_closes_late_waits_for_the_others_that_are_as_late(self) -> None:
        deleted = next(e for e in events_of("abandon") if e.type == "interaction.deleted")
        assert self.due(deleted, GRACE) == {60, 3600}
        soonest, later = sorted(self.due(deleted, 1000))
        assert 1000 + GRACE <= soonest < 1000 + GRACE + 60
        assert later == 3600

    def test_our_own_facts_and_other_events_set_none(self) -> None:
        closed = told(events_of("inbound"), BEGAN + 10**6)[0]
        assert self.due(closed, 10**6) == set()
        other = closed.model_copy(update={"source": "s", "type": "meeting.ended"})
        assert self.due(other, 10**6) == set()

    def test_a_timer_that_is_due_is_put_where_it_is_found(self) -> None:
        future, past = timer_mark(GROUP, 6000, 600), timer_mark(GROUP, 60, 6000)
        assert future.bucket == past.bucket
        assert future.place > past.place

    def test_a_call_back_is_known_by_the_number_however_it_is_written(self) -> None:
        created = events_of("outbound")[0]
        mark = called_mark(created, self.TIMERS)
        assert mark is not None
        assert mark.bucket == called_bucket("1 (415) 555-2671")
        assert mark.place == utc_text(created.time)
        assert called_mark(created, self.TIMERS[:2]) is None
        assert called_mark(events_of("inbound")[0], self.TIMERS) is None


@pytest.mark.parametrize(
    "text",
    [
        '{"rule": "never", "seconds": 5}',
        '{"rule": "unanswered_for", "seconds": 0}',
        '{"rule": "unanswered_for", "seconds": 9, "when": "nope("}',
        '{"rule": "unanswered_for", "seconds": 9, "source": "calls"}',
        f'{{"rule": "source_silent_for", "seconds": {SHORTEST_SILENCE - 1}}}',
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        compile_timer("mine", text)


def test_an_event_whose_data_is_anything_sets_timers_and_no_call() -> None:
    event = events_of("outbound")[0]
    strange: tuple[Any, ...] = (None, [], "x", {"direction": "out", "customer": 7})
    for data in strange:
        changed = event.model_copy(update={"data": data})
        assert called_mark(changed, TestSetting.TIMERS) is None
        assert looks(changed, TestSetting.TIMERS, GRACE, changed.time.timestamp())
        assert told([changed], (changed.time + timedelta(days=1)).timestamp()) == []
