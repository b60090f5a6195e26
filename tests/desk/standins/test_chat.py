"""What the demo's chat writes down is what its messages tell, and each of it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from desk.standins.chat import Chat
from desk.standins.endpoint import FaultPlan
from functions.to_slack.message import message_of
from functions.to_slack.places import Target
from functions.to_slack.request import post_request
from switchboard.destination import Delivery
from switchboard.testing.deliveries import make_event

CHANNEL, TOKEN = "C0SUPPORT", "a token"
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}


def chat(**faults: int) -> Chat:
    plan = FaultPlan(silent_at=faults.get("silent_at"))
    return Chat("chat", TOKEN, CHANNEL, plan, clock=lambda: 1_790_000_000.0)


def message(*numbers: int) -> bytes:
    """As `to_slack` writes a message that tells of these events."""
    told = [
        Delivery(
            event=make_event(number),
            group="interaction:one",
            destination="chat",
            key=f"key{number}",
            attempt=1,
            output={
                "text": "a ticket",
                "id": f"e{number}",
                "interaction": "one",
                "sequence": number,
            },
        )
        for number in numbers
    ]
    request = post_request(message_of(told, show_personal_data=False), Target(CHANNEL), "key")
    return json.dumps(request).encode()


def post(to: Chat, body: bytes) -> tuple[int, Sequence[Mapping[str, Any]]]:
    reply, lines = to.take("/chat/chat.postMessage", HEADERS, body)
    return reply.status, lines


def test_a_message_of_several_events_is_a_line_for_each() -> None:
    status, lines = post(chat(), message(0, 1, 2))
    assert status == 200
    assert [(line["id"], line["interaction"], line["sequence"]) for line in lines] == [
        ("e0", "one", 0),
        ("e1", "one", 1),
        ("e2", "one", 2),
    ]
    assert {(line["what"], line["stored"]) for line in lines} == {("stored", True)}


def test_what_is_not_answered_is_stored_and_found_again() -> None:
    slack = chat(silent_at=1)
    assert post(slack, message(0))[0] == 0
    path = f"/chat/conversations.history?channel={CHANNEL}&include_all_metadata=true"
    reply, lines = slack.take(path, HEADERS, b"")
    (found,) = json.loads(reply.body)["messages"]
    assert found["metadata"]["event_payload"] == {"key": "key"}
    assert [(line["what"], line["stored"]) for line in lines] == [("looked for", False)]


def test_what_is_refused_is_stored_nowhere() -> None:
    slack = chat()
    for number in range(4):
        post(slack, message(number))
    status, lines = post(slack, message(4))
    assert (status, [line["what"] for line in lines]) == (429, ["ratelimited"])
    assert not any(line["stored"] for line in lines)
