"""8x8 Connect's messaging apps: messages, their receipts, and WhatsApp's business accounts.

https://developer.8x8.com/connect/docs/inbound-chatapps-message (v2, v3),
…/delivery-receipts-for-outbound-chatapps (v9 and before), …/whatsapp-account-update-webhook,
…/whatsapp-template-change-webhook, …/whatsapp-phone-number-quality-change-webhook, and
…/whatsapp-business-scoped-user-ids, which spells its three events in two ways.
"""

from functools import partial

from switchboard.sources.authorization import AuthorizationKind
from switchboard.sources.connect import ConnectDocument, Types, normalise, receive
from switchboard.sources.connect_data import FROM_APP, INBOUND, RECEIPT

TYPES: Types = {
    INBOUND: "message.received",
    RECEIPT: "message.status_changed",
    FROM_APP: "message.sent_from_app",
    "account_update": "whatsapp.account.updated",
    "phone_number_quality_update": "whatsapp.phone_number.quality_changed",
    "template_category_update": "whatsapp.template.category_changed",
    "template_correct_category_detection": "whatsapp.template.category_advised",
    "template_quality_update": "whatsapp.template.quality_changed",
    "template_status_update": "whatsapp.template.status_changed",
    "whatsapp_automatic_events": "whatsapp.automatic_event.reported",
    "whatsapp_contact": "whatsapp.contact.shared",
    "contacts": "whatsapp.contact.shared",
    "whatsapp_preference": "whatsapp.preference.changed",
    "user_preferences": "whatsapp.preference.changed",
    "whatsapp_user_id_update": "whatsapp.user_id.changed",
    "user_id_update": "whatsapp.user_id.changed",
}

KIND = AuthorizationKind(
    kind="connect_chat_apps",
    summary="8x8 Connect: WhatsApp, Viber, LINE …; sent with an Authorization that you choose.",
    documentation="https://developer.8x8.com/connect/docs/webhook-object-structure",
    document=ConnectDocument,
    receive=partial(receive, TYPES),
    normalise=partial(normalise, TYPES, None),
)
