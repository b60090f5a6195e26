"""Deliveries through the delivery core to a workspace that keeps what Slack documents."""

from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError

from functions.to_slack.request import EVENT_TYPE
from functions.to_slack.settings import SlackDocument
from functions.to_slack.spec import SPEC
from switchboard.delivery import Configuration, delivery_key
from switchboard.destination import Repeat
from switchboard.destination_documents import repeat_of, whole_event
from switchboard.errors import ConfigurationError, ReasonClass
from switchboard.event import Event
from switchboard.ledger import State
from switchboard.loop import Record
from switchboard.testing.deliveries import DeliveryBench, make_event, make_record
from tests.functions.to_slack.workspace import CHANNEL, OTHER, Slack


def bench_of(slack: Slack, mapped: Any = whole_event, **document: Any) -> DeliveryBench:
    """A bench whose clock is the workspace's."""
    made = SlackDocument.model_validate({"channel": CHANNEL, **document})
    destination = slack.destination(**document)
    bench = DeliveryBench(destination, clock=slack.clock)
    bench.configuration = lambda: Configuration(
        destination=destination,
        mapped=mapped,
        repeat=repeat_of(SPEC, made),
        mapping_version=1,
        continues=made.continues(),
    )
    return bench


def record(number: int, group: str = "interaction:one", **more: Any) -> Record:
    return make_record(make_event(number), group=group, **more)


def keys(slack: Slack, channel: str = CHANNEL) -> list[str]:
    return [
        message["metadata"]["event_payload"]["key"] for message in slack.workspace.posted(channel)
    ]


class TestThreads:
    def test_an_interaction_is_one_thread_under_its_first_message(self, slack: Slack) -> None:
        bench = bench_of(slack)
        assert bench.deliver(record(1), record(2), record(3)) == {}
        first, *others = slack.workspace.posted(CHANNEL)
        assert "thread_ts" not in first
        assert [one["thread_ts"] for one in others] == [first["ts"]] * 2

    def test_another_interaction_has_a_thread_of_its_own(self, slack: Slack) -> None:
        bench = bench_of(slack)
        bench.deliver(record(1), record(2, "interaction:two"))
        assert ["thread_ts" in one for one in slack.workspace.posted(CHANNEL)] == [False, False]

    def test_without_threads_every_message_stands_in_the_channel(self, slack: Slack) -> None:
        bench_of(slack, threads=False).deliver(record(1), record(2))
        assert not any("thread_ts" in one for one in slack.workspace.posted(CHANNEL))

    def test_a_thread_whose_first_message_is_gone_goes_on_in_the_channel(
        self, slack: Slack
    ) -> None:
        bench = bench_of(slack)
        bench.deliver(record(1))
        slack.workspace.channels[CHANNEL].messages.clear()
        assert bench.deliver(record(2)) == {}
        (message,) = slack.workspace.posted(CHANNEL)
        assert "thread_ts" not in message

    def test_a_first_message_of_which_no_ts_is_known_begins_no_thread(self, slack: Slack) -> None:
        bench = bench_of(slack)
        bench.deliver(record(1))
        for key, entry in bench.ledger.entries.items():
            bench.ledger.entries[key] = entry.__class__(
                **{name: getattr(entry, name) for name in entry.__slots__ if name != "remote_id"}
            )
        bench.deliver(record(2))
        assert not any("thread_ts" in one for one in slack.workspace.posted(CHANNEL))

    def test_a_thread_is_not_taken_to_another_channel(self, slack: Slack) -> None:
        bench_of(slack).deliver(record(1))
        bench = bench_of(slack, channel=OTHER)
        bench.deliver(record(1), record(2))
        assert len(slack.workspace.posted(OTHER)) == 2
        assert "thread_ts" not in slack.workspace.posted(OTHER)[0]


class TestUnknownOutcomes:
    def test_a_message_whose_answer_was_lost_is_found_and_not_posted_again(
        self, slack: Slack
    ) -> None:
        bench, slack.lose = bench_of(slack), 1
        assert bench.deliver(record(1)) != {}
        slack.clock.forward(60)
        assert bench.deliver(record(1)) == {}
        (message,) = slack.workspace.posted(CHANNEL)
        entry = bench.ledger.of(make_event(1).id, "crm")
        assert (entry.state, entry.remote_id) == (
            State.DELIVERED,
            f"{CHANNEL}/{message['ts']}",
        )

    def test_a_message_lost_in_a_thread_is_found_there(self, slack: Slack) -> None:
        bench = bench_of(slack)
        bench.deliver(record(1))
        slack.lose = 1
        bench.deliver(record(2))
        slack.clock.forward(60)
        assert bench.deliver(record(2)) == {}
        root, reply = slack.workspace.posted(CHANNEL)
        entry = bench.ledger.of(make_event(2).id, "crm")
        assert entry.remote_id == f"{CHANNEL}/{reply['ts']}/{root['ts']}"

    def test_it_is_found_behind_many_others(self, slack: Slack) -> None:
        bench, slack.lose = bench_of(slack), 1
        bench.deliver(record(1))
        channel = slack.workspace.channels[CHANNEL]
        later = int(slack.clock())
        channel.messages += [
            {"type": "message", "ts": f"{later}.9{n:05}", "text": "talk"} for n in range(350)
        ]
        slack.clock.forward(60)
        assert bench.deliver(record(1)) == {}
        assert len({one["ts"] for one in channel.messages if "metadata" in one}) == 1

    def test_what_was_never_posted_is_posted_after_the_look(self, slack: Slack) -> None:
        bench, slack.lose = bench_of(slack), 1
        bench.deliver(record(1))
        slack.workspace.channels[CHANNEL].messages.clear()
        slack.clock.forward(60)
        assert bench.deliver(record(1)) == {}
        assert len(slack.workspace.posted(CHANNEL)) == 1

    def test_a_look_that_fails_is_made_again_before_anything_is_posted(self, slack: Slack) -> None:
        bench, slack.lose = bench_of(slack), 1
        bench.deliver(record(1))
        slack.workspace.channels[CHANNEL].has_bot = False
        slack.clock.forward(60)
        assert bench.deliver(record(1)) != {}
        assert bench.ledger.of(make_event(1).id, "crm").state is State.UNKNOWN
        slack.workspace.channels[CHANNEL].has_bot = True
        slack.clock.forward(1000)
        assert bench.deliver(record(1)) == {}
        assert len(slack.workspace.posted(CHANNEL)) == 1

    def test_it_is_looked_for_where_it_went_before_the_channel_was_changed(
        self, slack: Slack
    ) -> None:
        bench, slack.lose = bench_of(slack), 1
        bench.deliver(record(1))
        moved = bench_of(slack, channel=OTHER)
        bench.configuration = moved.configuration
        slack.clock.forward(60)
        assert bench.deliver(record(1)) == {}
        assert (len(slack.workspace.posted(CHANNEL)), slack.workspace.posted(OTHER)) == (1, [])

    def test_a_webhook_dead_letters_it_unless_its_document_says_otherwise(
        self, slack: Slack
    ) -> None:
        webhook = {"credential": "webhook_url", "channel": None}
        bench, slack.lose = bench_of(slack, **webhook), 1
        assert bench.deliver(record(1)) == {}
        assert bench.ledger.of(make_event(1).id, "crm").reason_class is ReasonClass.UNKNOWN
        bench, slack.lose = bench_of(slack, **webhook, repeat="at_least_once"), 1
        bench.deliver(record(2))
        slack.clock.forward(60)
        assert bench.deliver(record(2)) == {}
        assert bench.telemetry.counts["possible_duplicates", "crm"] == 1
        assert len(slack.workspace.posted(CHANNEL)) == 3


class TestLimits:
    def test_a_channel_that_is_full_is_waited_for_as_long_as_slack_says(self, slack: Slack) -> None:
        bench = bench_of(slack)
        left = bench.deliver(*(record(n, f"interaction:{n}") for n in range(9)))
        assert set(left.values()) <= {0, 1}
        assert len(slack.workspace.posted(CHANNEL)) < 9
        for _ in range(9):
            slack.clock.forward(2)
            left = bench.deliver(*(record(n, f"interaction:{n}") for n in range(9)))
        assert left == {}
        assert len(set(keys(slack))) == len(keys(slack)) == 9


class TestMessagesTogether:
    def together(self, bench: DeliveryBench, *records: Record) -> dict[str, int]:
        assert SPEC.parcels is not None
        bench.parcels = SPEC.parcels
        return bench.deliver_parcels(*records, ordered=True)

    def test_what_waits_for_one_channel_is_one_message(self, slack: Slack) -> None:
        bench = bench_of(slack)
        records = [record(n, f"interaction:{n}") for n in range(9)]
        assert self.together(bench, *records) == {}
        (message,) = slack.workspace.posted(CHANNEL)
        expected = [delivery_key(make_event(n).id, "crm", 0) for n in range(9)]
        assert message["metadata"]["event_payload"]["key"].split() == expected
        names = {bench.ledger.of(make_event(n).id, "crm").remote_id for n in range(9)}
        assert names == {f"{CHANNEL}/{message['ts']}"}

    def test_each_thread_and_each_channel_has_its_own(self, slack: Slack) -> None:
        bench = bench_of(slack, channel_by=f"when(data.number == `6`, '{OTHER}')")
        bench.deliver(record(1), record(2, "interaction:two"))
        records = [record(3), record(4), record(5, "interaction:two"), record(6, "interaction:new")]
        assert self.together(bench, *records) == {}
        one, two, third, fifth = slack.workspace.posted(CHANNEL)
        assert (third["thread_ts"], fifth["thread_ts"]) == (one["ts"], two["ts"])
        assert len(third["metadata"]["event_payload"]["key"].split()) == 2
        assert len(slack.workspace.posted(OTHER)) == 1

    def test_each_is_found_again_after_an_answer_that_was_lost(self, slack: Slack) -> None:
        bench, slack.lose = bench_of(slack), 1
        records = [record(n, f"interaction:{n}") for n in range(5)]
        assert len(self.together(bench, *records)) == 5
        slack.clock.forward(60)
        assert self.together(bench, *records) == {}
        assert len(slack.workspace.posted(CHANNEL)) == 1

    def test_one_that_slack_refuses_is_a_dead_letter_alone(self, slack: Slack) -> None:
        def mapped(event: Event, _: object) -> dict[str, Any]:
            block = {"type": "section"} if event.data["number"] != 2 else {"type": ""}
            return {"blocks": [{**block, "text": {"type": "mrkdwn", "text": "a"}}]}

        bench = bench_of(slack, mapped, mapping="m")
        records = [record(n, f"interaction:{n}") for n in range(4)]
        assert self.together(bench, *records) == {}
        states = [bench.ledger.of(make_event(n).id, "crm").state for n in range(4)]
        assert states == [State.DELIVERED, State.DELIVERED, State.DEAD, State.DELIVERED]


class TestChannels:
    def test_an_event_chooses_its_channel(self, slack: Slack) -> None:
        by = f"when(data.number == `2`, '{OTHER}')"
        bench = bench_of(slack, channel_by=by)
        assert bench.deliver(record(1), record(2)) == {}
        assert (len(keys(slack)), len(keys(slack, OTHER))) == (1, 1)

    def test_a_channel_of_the_events_choice_that_is_none_is_that_events_dead_letter(
        self, slack: Slack
    ) -> None:
        bench = bench_of(slack, channel_by="when(data.number == `1`, 'C0000000000')")
        assert bench.deliver(record(1), record(2)) == {}
        assert bench.ledger.of(make_event(1).id, "crm").reason_class is ReasonClass.REJECTED
        assert len(keys(slack)) == 1

    def test_a_channel_of_the_documents_that_is_gone_stops_nothing_for_good(
        self, slack: Slack
    ) -> None:
        slack.workspace.channels[CHANNEL].is_archived = True
        bench = bench_of(slack)
        assert bench.deliver(record(1)) != {}
        assert bench.ledger.of(make_event(1).id, "crm").reason_class is ReasonClass.CONFIGURATION
        assert len(bench.dead_letters.taken) == 0

    def test_a_mapping_chooses_text_and_channel(self, slack: Slack) -> None:
        def mapped(*_: object) -> dict[str, Any]:
            return {"text": "hello", "channel": OTHER}

        bench_of(slack, mapped, mapping="m").deliver(record(1))
        assert slack.texts(OTHER) == ["hello"]

    @pytest.mark.parametrize("channel", ["general", "#general", 7, "c0123456789"])
    def test_what_is_no_channels_id_is_a_dead_letter(self, slack: Slack, channel: Any) -> None:
        bench = bench_of(slack, lambda *_: {"text": "a", "channel": channel}, mapping="m")
        assert bench.deliver(record(1)) == {}
        assert bench.ledger.of(make_event(1).id, "crm").reason_class is ReasonClass.EVENT


class TestDocuments:
    def test_what_may_follow_an_unknown_outcome_depends_on_the_credential(self) -> None:
        repeat = partial(repeat_of, SPEC)
        webhook = partial(SlackDocument, credential="webhook_url")
        assert repeat(SlackDocument(channel=CHANNEL)) is Repeat.READ_BACK
        assert repeat(webhook()) is Repeat.AT_MOST_ONCE
        assert repeat(webhook(repeat=Repeat.AT_LEAST_ONCE)) is Repeat.AT_LEAST_ONCE
        with pytest.raises(ConfigurationError, match="at_most_once, at_least_once"):
            repeat(webhook(repeat=Repeat.READ_BACK))
        with pytest.raises(ConfigurationError, match="read_back"):
            repeat(SlackDocument(channel=CHANNEL, repeat=Repeat.AT_LEAST_ONCE))

    @pytest.mark.parametrize(
        ("document", "named"),
        [
            ({}, "channel"),
            ({"channel": "#general"}, "channel"),
            ({"credential": "webhook_url", "channel": CHANNEL}, "channel"),
            ({"channel_by": "a ||"}, "channel_by"),
        ],
    )
    def test_a_document_without_a_way_is_refused(
        self, document: dict[str, Any], named: str
    ) -> None:
        with pytest.raises(ValidationError, match=named):
            SlackDocument.model_validate(document)

    def test_a_secret_without_the_field_that_the_document_names_says_so(self, slack: Slack) -> None:
        bench = bench_of(slack)
        destination = slack.destination(token="")
        bench.configuration = lambda: Configuration(destination, whole_event, Repeat.READ_BACK, 1)
        bench.deliver(record(1))
        entry = bench.ledger.of(make_event(1).id, "crm")
        assert entry.reason_class is ReasonClass.CONFIGURATION
        assert "bot_token" in entry.reason


def test_the_metadata_holds_the_key_and_nothing_of_the_event(slack: Slack) -> None:
    bench_of(slack).deliver(record(1))
    (message,) = slack.workspace.posted(CHANNEL)
    key = message["metadata"]["event_payload"]["key"]
    assert message["metadata"] == {"event_type": EVENT_TYPE, "event_payload": {"key": key}}
    assert key.startswith("dlv_")
