"""The requests that a reviewer reads, and what holds of every message."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from desk.standins.slack import Workspace
from functions.to_slack.limits import LONGEST_TEXT, MARK, MOST_BLOCKS, NOTHING, within_limits
from functions.to_slack.masking import masker
from functions.to_slack.message import Message, message_of
from functions.to_slack.places import (
    Place,
    Target,
    name_of,
    place_in,
    reference_of,
    target_of,
)
from functions.to_slack.request import post_request, webhook_request
from functions.to_slack.settings import SlackDocument
from switchboard.delivery import delivery_key
from switchboard.destination import Delivery
from switchboard.destination_documents import whole_event
from switchboard.errors import EventError
from switchboard.testing.deliveries import make_event
from tests.functions.to_slack.workspace import CHANNEL, TOKEN

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def delivery_of(
    number: int = 1,
    data: Any = None,
    output: Mapping[str, Any] | None = None,
    first: str = "",
) -> Delivery:
    event = make_event(number, data=data or {})
    return Delivery(
        event=event,
        group="interaction:one",
        destination="slack",
        key=delivery_key(event.id, "slack", 0),
        attempt=1,
        output=whole_event(event) if output is None else output,
        first=first,
    )


def request_of(case: Mapping[str, Any]) -> Mapping[str, Any]:
    document = SlackDocument.model_validate(case["document"])
    deliveries = [delivery_of(**one) for one in case["deliveries"]]
    message = message_of(deliveries, show_personal_data=document.personal_data == "show")
    if document.credential == "webhook_url":
        return webhook_request(message)
    target = target_of(deliveries[0], document)
    return post_request(message, target, " ".join(one.key for one in deliveries))


def assert_slack_takes(message: Message) -> None:
    """By the models of Slack's own SDK, and by the stand-in."""
    for block in message.blocks:
        parsed = Block.parse(dict(block))
        assert parsed is not None
        parsed.validate_json()
    workspace = Workspace(TOKEN, [CHANNEL])
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    body = {"channel": CHANNEL, **webhook_request(message)}
    answer = workspace.take("/chat.postMessage", headers, json.dumps(body).encode(), 1.0)
    assert json.loads(answer.body)["ok"] is True


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_request_is_the_one_a_reviewer_reads(path: Path) -> None:
    case = json.loads(path.read_text())
    request = request_of(case)
    assert request == case["request"]
    assert_slack_takes(Message(request["text"], request["blocks"]))


class TestLimits:
    @given(data=st.dictionaries(st.text(), json_values), subject=st.text() | st.none())
    def test_any_event_makes_a_message_that_slack_takes(self, data: Any, subject: str) -> None:
        delivery = delivery_of(data=data)
        event = delivery.event.model_copy(update={"subject": subject, "type": subject or "t"})
        assert_slack_takes(message_of([_with(delivery, event)] * 3, show_personal_data=False))

    @given(
        output=st.fixed_dictionaries(
            {},
            optional={
                "text": json_values,
                "other": json_values,
                "blocks": st.lists(
                    st.fixed_dictionaries(
                        {
                            "type": st.just("section"),
                            "text": st.fixed_dictionaries(
                                {"type": st.just("mrkdwn"), "text": json_values}
                            ),
                        }
                    ),
                    max_size=60,
                ),
            },
        )
    )
    def test_any_output_makes_a_message_that_slack_takes(self, output: Any) -> None:
        assert_slack_takes(message_of([delivery_of(output=output)], show_personal_data=True))

    def test_what_is_too_long_is_shortened_with_a_mark(self) -> None:
        long = {"text": "x" * 50_000, "field": "y" * 5000}
        message = message_of([delivery_of(output=long)], show_personal_data=False)
        assert len(message.text) == LONGEST_TEXT
        assert message.text.endswith(MARK)
        first, fields = message.blocks
        assert len(first["text"]["text"]) == 3000
        assert first["text"]["text"].endswith(MARK)
        assert fields["fields"][0]["text"].endswith(MARK)

    def test_blocks_beyond_fifty_are_counted_in_the_last(self) -> None:
        kept = within_limits([{"type": "divider"}] * 61)
        assert len(kept) == MOST_BLOCKS
        assert "12 more" in kept[-1]["elements"][0]["text"]
        assert within_limits([{"type": "divider"}] * 50) == [{"type": "divider"}] * 50

    @pytest.mark.parametrize("text", [None, "", " ", "\x00"])
    def test_an_empty_text_is_a_dash(self, text: Any) -> None:
        (block,) = within_limits([{"type": "section", "text": {"type": "mrkdwn", "text": text}}])
        assert block["text"]["text"] == NOTHING

    @pytest.mark.parametrize("blocks", ["text", {"type": "section"}, [1], [{"text": "a"}]])
    def test_what_are_no_blocks_is_the_events_fault(self, blocks: Any) -> None:
        with pytest.raises(EventError, match="blocks"):
            message_of([delivery_of(output={"blocks": blocks})], show_personal_data=False)

    def test_fifty_deliveries_together_are_one_message(self) -> None:
        deliveries = [delivery_of(number, {"number": number}) for number in range(50)]
        assert_slack_takes(message_of(deliveries, show_personal_data=False))


def _with(delivery: Delivery, event: Any) -> Delivery:
    return Delivery(
        event=event,
        group=delivery.group,
        destination=delivery.destination,
        key=delivery.key,
        attempt=1,
        output=whole_event(event),
    )


class TestPersonalData:
    @pytest.mark.parametrize(
        ("text", "hidden"),
        [
            ("call +14155552671 now", "call ********2671 now"),
            ("(415) 555-2671", "**********2671"),
            ("4155552671", "******2671"),
            ("from jane.doe@example.com", "from ********@example.com"),
            ("sip:jane@pbx.example.com", "sip:****@pbx.example.com"),
        ],
    )
    def test_phones_and_addresses_are_known_by_their_shape(self, text: str, hidden: str) -> None:
        assert masker({})(text) == hidden

    @pytest.mark.parametrize(
        "text",
        [
            "2026-11-24",
            "2026-11-24T09:30:01.000Z",
            "09:30:01",
            "7bb0f94b664e71d043c5e6fdbbc0aad9acc6e4eb",
            "int-1790000000-a",
            "10.0.0.1",
            "extension 1001",
            "<!date^1790000000^{date}|then>",
            "https://example.com/calls/4155552671",
        ],
    )
    def test_what_only_looks_like_one_is_shown(self, text: str) -> None:
        assert masker({})(text) == text

    @pytest.mark.parametrize(
        "data",
        [
            {"customerName": "Jane Doe"},
            {"participant": {"name": "Jane Doe"}},
            {"agents": [{"displayName": "Jane Doe"}]},
            {"from_name": "Jane Doe"},
            {"caller": {"any": ["Jane Doe"]}},
            {"name": "jane doe"},
        ],
    )
    def test_a_name_is_known_by_its_place_and_masked_everywhere(self, data: Any) -> None:
        assert masker(data)("Jane Doe called; JANE DOE waits") == "******** called; ******** waits"

    @pytest.mark.parametrize(
        "data",
        [{"queueName": "Sales"}, {"queue": {"name": "Sales"}}, {"skills": [{"name": "Sales"}]}],
    )
    def test_the_name_of_a_thing_is_shown(self, data: Any) -> None:
        assert masker(data)("Sales") == "Sales"

    @given(name=st.text(st.characters(categories=["L"]), min_size=3, max_size=30))
    def test_no_part_of_a_message_shows_a_masked_name(self, name: str) -> None:
        delivery = delivery_of(
            data={"customerName": name},
            output={
                "text": f"a {name}!",
                "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": name}}],
            },
        )
        message = message_of([delivery], show_personal_data=False)
        shown = json.dumps([message.text, list(message.blocks)], ensure_ascii=False)
        assert f" {name}!" not in shown
        assert f'"{name}"' not in shown.replace('"text"', "").replace('"mrkdwn"', "").replace(
            '"section"', ""
        ).replace('"type"', "")


class TestPlaces:
    def test_a_reference_says_where_and_since_when(self) -> None:
        target = target_of(delivery_of(first=f"{CHANNEL}/1.000001"), SlackDocument(channel=CHANNEL))
        reference = reference_of(target, ["a"], 1_790_000_000.9)
        assert place_in(reference) == Place(CHANNEL, 1_790_000_000, "1.000001")
        assert len(reference) < 256
        bare = reference_of(Target(CHANNEL), ["a"], 1.0)
        assert place_in(bare) == Place(CHANNEL, 1)
        assert place_in("") is None

    def test_what_holds_other_deliveries_has_another_reference(self) -> None:
        """What is found under a reference is believed of all that have it."""
        target = Target(CHANNEL)
        assert reference_of(target, ["a"], 1.0) != reference_of(target, ["b"], 1.0)
        assert reference_of(target, ["a", "b"], 1.0) != reference_of(target, ["b"], 1.0)

    def test_a_reply_names_the_thread_that_a_later_one_goes_to(self) -> None:
        name = name_of(CHANNEL, "2.000002", "1.000001")
        target = target_of(delivery_of(first=name), SlackDocument(channel=CHANNEL))
        assert target.thread == "1.000001"

    @pytest.mark.parametrize("first", ["", "x", f"{CHANNEL}/", "C1/1.1", "s3://bucket/key"])
    def test_a_name_that_cannot_be_read_begins_no_thread(self, first: str) -> None:
        target = target_of(delivery_of(first=first), SlackDocument(channel=CHANNEL))
        assert target.thread == ""

    def test_without_a_ts_there_is_no_name(self) -> None:
        assert name_of(CHANNEL, "", "") == ""
