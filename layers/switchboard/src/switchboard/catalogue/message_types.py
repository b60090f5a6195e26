"""The types of messages' events, and of WhatsApp's business accounts."""

from collections.abc import Iterator, Mapping

from switchboard.catalogue.event_type import EventType, Family
from switchboard.catalogue.messages import BusinessAccountData, MessageData
from switchboard.sources import connect_chat_apps, connect_sms
from switchboard.sources.connect import BUSINESS
from switchboard.sources.connect_data import SURVEY

_PRODUCTS = (connect_sms, connect_chat_apps)

# What each tells, and the fields of `data` that tell it.
_SUMMARIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "message.link.clicked": (
        "Somebody clicked the short link in an SMS.",
        ("message", "customer", "link"),
    ),
    "message.received": (
        "A customer wrote.",
        ("message", "media", "channel", "customer", "content_type", "text", "url", "choice"),
    ),
    "message.sent_from_app": (
        "Somebody wrote to a customer in the WhatsApp Business app.",
        ("message", "customer", "content_type", "text", "url"),
    ),
    "message.status_changed": (
        "A message that was sent has another status.",
        ("message", "media", "customer", "status", "client_message", "price"),
    ),
    "message.survey.answered": ("A survey by SMS was submitted.", ("message", "survey")),
    "whatsapp.account.updated": (
        "An account was verified, restricted or found in violation.",
        ("business_account", "details"),
    ),
    "whatsapp.automatic_event.reported": (
        "WhatsApp found a lead or a purchase in a conversation.",
        ("business_account", "details"),
    ),
    "whatsapp.contact.shared": ("A customer shared a contact.", ("business_account", "details")),
    "whatsapp.phone_number.quality_changed": (
        "A number's limit of messages or its throughput changed.",
        ("business_account", "details"),
    ),
    "whatsapp.preference.changed": (
        "A customer wants marketing, or does not any more.",
        ("business_account", "details"),
    ),
    "whatsapp.template.category_advised": (
        "A template is of another category than it says; nothing was changed.",
        ("business_account", "details"),
    ),
    "whatsapp.template.category_changed": (
        "A template was put into another category.",
        ("business_account", "details"),
    ),
    "whatsapp.template.quality_changed": (
        "A template has another score of quality.",
        ("business_account", "details"),
    ),
    "whatsapp.template.status_changed": (
        "A template was approved, rejected, flagged or paused.",
        ("business_account", "details"),
    ),
    "whatsapp.user_id.changed": (
        "A customer's id on WhatsApp (BSUID) is another one from now on.",
        ("business_account", "details"),
    ),
}


def message_types() -> Iterator[EventType]:
    """One for each type, with every name that 8x8 has for it."""
    for type_, (summary, says) in sorted(_SUMMARIES.items()):
        senders = [one for one in _PRODUCTS if type_ in one.TYPES.values()]
        names = {name for one in senders for name, to in one.TYPES.items() if to == type_}
        yield EventType(
            name=type_,
            family=Family.MESSAGES,
            kinds=tuple(one.KIND.kind for one in senders),
            summary=summary,
            data=BusinessAccountData if type_.startswith(BUSINESS) else MessageData,
            sender_names=tuple(sorted(names - {SURVEY})),
            says=says,
        )
