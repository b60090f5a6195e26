"""8x8 Connect's SMS: messages, their receipts, clicks on short links, and surveys.

https://developer.8x8.com/connect/docs/inbound-sms, …/delivery-receipts-for-outbound-sms,
…/short-url-clicks, …/sms-engage-response-webhook.
"""

from functools import partial

from switchboard.sources.authorization import AuthorizationKind
from switchboard.sources.connect import ConnectDocument, Types, normalise, receive
from switchboard.sources.connect_data import CLICK, INBOUND, RECEIPT, SURVEY

TYPES: Types = {
    INBOUND: "message.received",
    RECEIPT: "message.status_changed",
    CLICK: "message.link.clicked",
    SURVEY: "message.survey.answered",
}

KIND = AuthorizationKind(
    kind="connect_sms",
    summary="8x8 Connect: SMS, receipts, clicks …; sent with an Authorization that you choose.",
    documentation="https://developer.8x8.com/connect/docs/webhook-object-structure",
    document=ConnectDocument,
    receive=partial(receive, TYPES),
    normalise=partial(normalise, TYPES, "sms"),
)
