"""A delivery posted to Slack, and looked for where nobody knows whether it was."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from functions.to_slack.answers import ThreadGone, posted, raise_for_webhook
from functions.to_slack.message import Message, message_of
from functions.to_slack.places import (
    Place,
    Target,
    name_of,
    place_in,
    reference_of,
    target_of,
)
from functions.to_slack.settings import SlackDeployTime, SlackDocument
from functions.to_slack.spec import REQUEST_SECONDS
from switchboard.destination import Delivery, Receipt
from switchboard.errors import ConfigurationError, OutcomeUnknown
from switchboard.http import HttpClient

EVENT_TYPE = "switchboard_delivery"
CLOCK_SKEW = 120
PAGE = 100
MOST_PAGES = 10
LARGEST_PAGE = 8 * 1024 * 1024

Secrets = Callable[[], Sequence[Mapping[str, str]]]


def post_request(message: Message, target: Target, key: str) -> Mapping[str, Any]:
    """The arguments of chat.postMessage. The metadata holds the key and nothing of the event."""
    thread = {"thread_ts": target.thread} if target.thread else {}
    return {
        "channel": target.channel,
        **webhook_request(message),
        **thread,
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}},
    }


def webhook_request(message: Message) -> Mapping[str, Any]:
    """The body that an incoming webhook takes."""
    blocks = {"blocks": list(message.blocks)} if message.blocks else {}
    return {"text": message.text, **blocks, "unfurl_links": False, "unfurl_media": False}


def is_keyed(message: Mapping[str, Any], key: str) -> bool:
    """Whether a message of a channel's history carries a delivery's key."""
    metadata = message.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT_TYPE:
        return False
    payload = metadata.get("event_payload")
    return isinstance(payload, dict) and key in str(payload.get("key", "")).split()


def _written(request: Mapping[str, Any]) -> bytes:
    return json.dumps(request).encode("ascii")


class SlackDestination:
    """One configured workspace or webhook."""

    def __init__(
        self,
        document: SlackDocument,
        secrets: Secrets,
        deploy_time: SlackDeployTime,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._document = document
        self._secrets = secrets
        self._api = deploy_time.api_url
        self._clock = clock
        self._http = HttpClient(
            timeout_seconds=REQUEST_SECONDS,
            private_hosts=deploy_time.private_hosts,
            largest_answer=LARGEST_PAGE,
        )

    def check(self, delivery: Delivery) -> bytes:
        """See Destination: the message, where it goes, and that there is a secret for it."""
        message = self._message([delivery])
        if self._document.credential == "webhook_url":
            self._secret("webhook_url")
            return _written(webhook_request(message))
        self._secret("bot_token")
        return _written(post_request(message, target_of(delivery, self._document), delivery.key))

    def reference(self, delivery: Delivery) -> str:
        """Where it is sent to, and since when: where `find` looks."""
        return self.parcel_reference([delivery])

    def send(self, delivery: Delivery) -> Receipt:
        """Post it."""
        return self.send_parcel([delivery])

    def address(self, delivery: Delivery) -> str:
        """See ParcelDestination: a channel, or a thread in one; a webhook has one channel."""
        if self._document.credential == "webhook_url":
            return ""
        target = target_of(delivery, self._document)
        return f"{target.channel}:{target.thread}"

    def parcel_reference(self, deliveries: Sequence[Delivery]) -> str:
        """Where one message of them all is sent to. A webhook's channel cannot be read."""
        if self._document.credential == "webhook_url":
            return ""
        target = target_of(deliveries[0], self._document)
        return reference_of(target, [one.key for one in deliveries], self._clock())

    def send_parcel(self, deliveries: Sequence[Delivery]) -> Receipt:
        """Post deliveries of one address as one message; where its thread is gone, to the channel.

        A channel takes one message a second: what waits for it together is told together.
        """
        message = self._message(deliveries)
        if self._document.credential == "webhook_url":
            return self.post_to_webhook(message)
        target = target_of(deliveries[0], self._document)
        key = " ".join(one.key for one in deliveries)
        try:
            return self.post(message, target, key)
        except ThreadGone:
            return self.post(message, replace(target, thread=""), key)

    def _message(self, deliveries: Sequence[Delivery]) -> Message:
        return message_of(deliveries, show_personal_data=self._document.personal_data == "show")

    def post(self, message: Message, target: Target, key: str) -> Receipt:
        """Post a message as the bot."""
        answer = self._http.request(
            "POST",
            f"{self._api}/chat.postMessage",
            headers={**self._authorization(), "content-type": "application/json; charset=utf-8"},
            body=_written(post_request(message, target, key)),
        )
        body = posted(answer, channel_is_fixed=target.is_fixed)
        name = name_of(target.channel, str(body.get("ts", "")), target.thread)
        return Receipt(remote_id=name)

    def post_to_webhook(self, message: Message) -> Receipt:
        """Post a message through the incoming webhook, which tells nothing of what it made."""
        answer = self._http.request(
            "POST",
            self._secret("webhook_url"),
            headers={"content-type": "application/json; charset=utf-8"},
            body=_written(webhook_request(message)),
        )
        raise_for_webhook(answer)
        return Receipt()

    def announce(self, message: Message, key: str) -> Receipt:
        """Post what is no delivery: an alarm.

        Raises:
            ConfigurationError: the document names no channel that it could go to.
        """
        document = self._document
        if document.credential == "webhook_url":
            return self.post_to_webhook(message)
        channel = document.alarm_channel or document.channel
        if channel is None:
            raise ConfigurationError(
                "telling an alarm: the document names no channel; write alarm_channel and run"
                " `switchboard apply`"
            )
        return self.post(message, Target(channel), key)

    def find(self, delivery: Delivery) -> Receipt | None:
        """Look for the delivery's key where it was sent: in the thread, then in the channel."""
        place = place_in(delivery.reference)
        if place is None:
            return None
        found = self._look(place, delivery.key) if place.thread else None
        return found or self._look(replace(place, thread=""), delivery.key)

    def _look(self, place: Place, key: str) -> Receipt | None:
        """Read what was posted at a place since then.

        Raises:
            OutcomeUnknown: there is more than can be read.
        """
        cursor = ""
        for _ in range(MOST_PAGES):
            try:
                page = self._page(place, cursor)
            except ThreadGone:
                return None
            for message in page.get("messages", ()):
                if is_keyed(message, key):
                    ts, thread = str(message.get("ts", "")), str(message.get("thread_ts", ""))
                    return Receipt(
                        remote_id=name_of(place.channel, ts, "" if thread == ts else thread)
                    )
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return None
        raise OutcomeUnknown(
            f"looking for the message: more than {MOST_PAGES * PAGE} were posted there since"
        )

    def _page(self, place: Place, cursor: str) -> Mapping[str, Any]:
        method = "conversations.replies" if place.thread else "conversations.history"
        arguments = {
            "channel": place.channel,
            "oldest": str(place.since - CLOCK_SKEW),
            "limit": str(PAGE),
            "include_all_metadata": "true",
            **({"ts": place.thread} if place.thread else {}),
            **({"cursor": cursor} if cursor else {}),
        }
        answer = self._http.request(
            "GET", f"{self._api}/{method}?{urlencode(arguments)}", headers=self._authorization()
        )
        return posted(answer, channel_is_fixed=place.channel == self._document.channel)

    def _authorization(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self._secret('bot_token')}"}

    def _secret(self, field: str) -> str:
        value = self._secrets()[0].get(field, "")
        if not value or not value.isascii() or not value.isprintable():
            raise ConfigurationError(
                f"the secret has no {field}, and the document says credential: {field}; run"
                " `switchboard secrets set`"
            )
        return value
