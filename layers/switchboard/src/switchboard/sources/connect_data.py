"""`data` of 8x8 Connect's events: one shape for messages, one for WhatsApp's business accounts.

https://developer.8x8.com/connect/docs/inbound-sms, …/inbound-chatapps-message,
…/delivery-receipts-for-outbound-sms, …/delivery-receipts-for-outbound-chatapps. SMS name a message
by its numbers, messaging apps by user and recipient; here both have a customer and a channel.
Nothing here raises for what it finds.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from switchboard.errors import EventError
from switchboard.event import utc_text
from switchboard.sources.payloads import read_time
from switchboard.sources.stream_fields import inside, integer, lower, named, text, unless_empty
from switchboard.sources.stream_phones import customer_phone

INBOUND = "inbound_message_received"
RECEIPT = "outbound_message_status_changed"
CLICK = "short_url_clicked"
FROM_APP = "external_app_message"
SURVEY = "sms_engage_response"
"""Our name for the one body that has no `eventType`."""

_DIRECTIONS = {INBOUND: "in", RECEIPT: "out", FROM_APP: "out"}
_CHOICES = ("button_reply", "list_reply")
_LARGEST_AMOUNT = 1e12


def message_data(
    name: str, fields: Mapping[str, Any], came: Mapping[str, Any], media: str | None, region: str
) -> dict[str, Any]:
    """The canonical fields of what happened to a message; `came` is kept as `details`."""
    recipient, content = inside(fields, "recipient"), inside(fields, "content")
    choice = _choice(inside(content, "interactive"))
    channel = lower(recipient.get("channel")) or lower(fields.get("channel"))
    return {
        "event": name or None,
        "message": named(fields.get("umid")),
        "replies_to": named(fields.get("replyToUmid")),
        "direction": _DIRECTIONS.get(name),
        "media": channel or media,
        "channel": named(recipient.get("channelId")) or _our_number(name, fields),
        "customer": _customer(name, fields, region),
        "content_type": lower(fields.get("type")),
        "text": text(fields.get("body")) or text(content.get("text")),
        "url": named(content.get("url")),
        "choice": choice,
        "status": _status(fields),
        "link": unless_empty(
            short=named(fields.get("shortUrl")), target=named(fields.get("targetUrl"))
        ),
        "survey": _survey(fields),
        "parts": integer(fields.get("smsCount")),
        "price": _price(inside(fields, "price")),
        "account": named(fields.get("subAccountId")),
        "batch": named(fields.get("batchId")),
        "client_message": named(fields.get("clientMessageId")),
        "client_batch": named(fields.get("clientBatchId")),
        "details": dict(came),
    }


def business_data(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical fields of what happened to a business account at a provider."""
    details = fields.get("eventDetails")
    return {
        "event": name,
        "provider": named(fields.get("provider")),
        "business_account": named(fields.get("businessAccountId")),
        "account": named(fields.get("accountId")),
        "details": details if isinstance(details, dict) else {"value": details},
    }


def _our_number(name: str, fields: Mapping[str, Any]) -> str | None:
    """Of an SMS: the number that was written to, or the sender that was shown."""
    if name == INBOUND:
        return named(fields.get("destination"))
    return named(fields.get("source"))


def _customer(name: str, fields: Mapping[str, Any], region: str) -> dict[str, str | None] | None:
    """The other side. In old versions the id on the channel repeats the number, and is none."""
    user = inside(fields, "user")
    number = fields.get("source") if name == INBOUND else fields.get("destination")
    phone = named(user.get("msisdn")) or named(number)
    own_id = named(user.get("channelUserId"))
    return unless_empty(
        **customer_phone(phone, region),
        name=named(user.get("name")),
        username=named(user.get("username")),
        channel_user=None if own_id == phone else own_id,
    )


def _choice(interactive: Mapping[str, Any]) -> dict[str, Any] | None:
    """The button or the row that was chosen."""
    chosen = next((one for key in _CHOICES if (one := inside(interactive, key))), {})
    return unless_empty(id=named(chosen.get("id")), title=text(chosen.get("title")))


def _status(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    status, whatsapp = inside(fields, "status"), inside(fields, "whatsapp")
    return unless_empty(
        state=lower(status.get("state")),
        detail=lower(status.get("detail")),
        at=_moment(status.get("timestamp")),
        error_code=named(status.get("errorCode")),
        error=named(status.get("errorMessage")),
        provider_error_code=named(whatsapp.get("providerErrorCode")),
    )


def _survey(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    survey = unless_empty(
        id=named(fields.get("surveyId")),
        started_at=_moment(fields.get("surveyStartedAt")),
        submitted_at=_moment(fields.get("surveySubmittedAt")),
    )
    return survey and {
        **survey,
        "variables": [
            {"name": text(one.get("name")), "value": text(one.get("value"))}
            for one in _objects(fields.get("templateVariables"))
        ],
        "answers": [
            {
                "question": named(one.get("questionId")),
                "question_text": text(one.get("question")),
                "answer": named(one.get("answerId")),
                "answer_text": text(one.get("answer")),
            }
            for one in _objects(fields.get("answers"))
        ],
    }


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))


def _price(price: Mapping[str, Any]) -> dict[str, Any] | None:
    return unless_empty(total=_amount(price.get("total")), currency=named(price.get("currency")))


def _amount(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= _LARGEST_AMOUNT else None


def _moment(value: object) -> str | None:
    """A time in UTC; None where it is none."""
    try:
        return utc_text(read_time(value, "a time"))
    except EventError:
        return None
