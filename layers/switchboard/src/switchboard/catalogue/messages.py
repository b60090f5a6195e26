"""`data` of 8x8 Connect's events: of messages, and of WhatsApp's business accounts.

The normaliser builds them as plain dicts (`sources.connect_data`); a test holds the two together.
"""

from typing import Any, Literal

from pydantic import Field

from switchboard.catalogue.contact_center import NO_NUMBER, Part, Reason


class Contact(Part):
    """Who writes, or is written to. Not everybody has a number: WhatsApp may keep it to itself."""

    phone: str | None = Field(description="The number as E.164.")
    phone_extension: str | None = Field(description="An extension, after the number or alone.")
    phone_reason: Reason | None = Field(description=NO_NUMBER)
    phone_written: str | None = Field(description="What came.")
    name: str | None = Field(description="The name in the profile.")
    username: str | None = Field(description="The name of the account.")
    channel_user: str | None = Field(
        description="The id on the channel: of WhatsApp the BSUID, of LINE the user's."
    )


class Choice(Part):
    """A button or a row that was chosen."""

    id: str | None = Field(description="Its id.")
    title: str | None = Field(description="What stood on it.")


class Status(Part):
    """What became of a message."""

    state: str | None = Field(
        description="queued, rejected, sent, delivered, undelivered, read or what else 8x8 names."
    )
    detail: str | None = Field(
        description="delivered_to_operator, delivered_to_recipient, rejected_by_operator,"
        " undelivered_to_recipient or what else 8x8 names."
    )
    at: str | None = Field(description="Since when, in UTC.")
    error_code: str | None = Field(description="8x8's code of the error.")
    error: str | None = Field(description="8x8's words for it.")
    provider_error_code: str | None = Field(description="WhatsApp's own code of the error.")


class Link(Part):
    """A short link and what is behind it."""

    short: str | None = Field(description="The link in the message.")
    target: str | None = Field(description="Where it leads.")


class Variable(Part):
    """What was put into a survey's text."""

    name: str | None = Field(description="Its name.")
    value: str | None = Field(description="Its value.")


class Answer(Part):
    """What was answered to a question."""

    question: str | None = Field(description="The question's id.")
    question_text: str | None = Field(description="The question.")
    answer: str | None = Field(description="The answer's id, where it was one to choose.")
    answer_text: str | None = Field(description="The answer.")


class Survey(Part):
    """A survey that was submitted."""

    id: str | None = Field(description="The survey.")
    started_at: str | None = Field(description="When it began, in UTC.")
    submitted_at: str | None = Field(description="When it was submitted, in UTC.")
    variables: list[Variable] = Field(description="What was put into its text.")
    answers: list[Answer] = Field(description="The answers.")


class Price(Part):
    """What a message costs."""

    total: float | None = Field(description="For all of its parts.")
    currency: str | None = Field(description="The currency.")


class MessageData(Part):
    """`data` of what happened to a message. Ids and codes are texts, whatever they came as."""

    event: str | None = Field(description="8x8's own name of the event.")
    message: str | None = Field(
        description="The message, by its umid; what happens to it keeps its order."
    )
    replies_to: str | None = Field(description="The message that it answers.")
    direction: Literal["in", "out"] | None = Field(description="in or out.")
    media: str | None = Field(
        description="sms, whatsapp, viber, line, rcs or what else 8x8 names, in small letters."
    )
    channel: str | None = Field(
        description="Our side: the number that was written to, or the sender that was shown."
    )
    customer: Contact | None = Field(description="The other side.")
    content_type: str | None = Field(
        description="text, image, location, interactive or what else 8x8 names, in small letters."
    )
    text: str | None = Field(description="What was written.")
    url: str | None = Field(description="Where the attachment is; 8x8 keeps it for 24 hours.")
    choice: Choice | None = Field(description="What was chosen of buttons or a list.")
    status: Status | None = Field(description="What became of a message that was sent.")
    link: Link | None = Field(description="The link that was clicked.")
    survey: Survey | None = Field(description="The survey that was answered.")
    parts: int | None = Field(description="How many SMS it took.")
    price: Price | None = Field(description="What it costs; only of SMS.")
    account: str | None = Field(description="The sub-account.")
    batch: str | None = Field(description="The batch that it was sent in.")
    client_message: str | None = Field(description="Your own id of the message.")
    client_batch: str | None = Field(description="Your own id of the batch.")
    details: dict[str, Any] = Field(description="The event as it came.")


class BusinessAccountData(Part):
    """`data` of what happened to a business account."""

    event: str | None = Field(description="8x8's own name of the event.")
    provider: str | None = Field(description="Whose it is: WhatsApp.")
    business_account: str | None = Field(description="WhatsApp's id of the account.")
    account: str | None = Field(description="8x8's account.")
    details: dict[str, Any] = Field(
        description="The event's own fields; under rawEvent, WhatsApp's as they came."
    )
