"""The documents of a Slack destination."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from switchboard.destination import DeployTime, DestinationDocument, Repeat
from switchboard.errors import ConfigurationError
from switchboard.mapping import compile_expression

CHANNEL_PATTERN = r"^[CDG][A-Z0-9]{2,20}$"
"""A channel's id. A name will not do: Slack reads a channel back by its id alone."""


def _compiles(text: str | None) -> str | None:
    if text is not None:
        try:
            compile_expression(text)
        except ConfigurationError as error:
            raise ValueError(str(error)) from None
    return text


class SlackDocument(DestinationDocument):
    """Where messages go and what may be in them.

    With a bot token a delivery whose outcome is unknown is looked for in the channel (`read_back`).
    A webhook URL has one channel and can read nothing: there the document chooses the side to err
    on.
    """

    credential: Literal["bot_token", "webhook_url"] = Field(
        default="bot_token", description="Which field of the secret is used."
    )
    channel: str | None = Field(
        default=None, pattern=CHANNEL_PATTERN, description="Id of the channel; for a bot token."
    )
    channel_by: Annotated[str | None, AfterValidator(_compiles)] = Field(
        default=None,
        description="JMESPath expression over the event that gives a channel's id; where it gives"
        " none, `channel` takes the message.",
    )
    alarm_channel: str | None = Field(
        default=None,
        pattern=CHANNEL_PATTERN,
        description="Id of the channel for alarms, where `alarms` is deployed; else `channel`.",
    )
    threads: bool = Field(
        default=True,
        description="Later messages of an interaction go into the thread of its first.",
    )
    personal_data: Literal["mask", "show"] = Field(
        default="mask", description="Whether phones, e-mail addresses and names are shown."
    )
    repeat: Repeat | None = Field(
        default=None, description="With a webhook URL: at_most_once, at_least_once."
    )

    @model_validator(mode="after")
    def _has_a_channel(self) -> Self:
        placed = any((self.channel, self.channel_by, self.alarm_channel))
        if self.credential == "bot_token" and not (self.channel or self.channel_by or self.mapping):
            raise ValueError(
                "a bot token needs `channel`, `channel_by`, or a mapping with a field channel"
            )
        if self.credential == "webhook_url" and placed:
            raise ValueError("a webhook URL has its own channel: name no channel")
        return self

    @property
    def expressions(self) -> Mapping[str, str]:
        """See DestinationDocument: the channel is a part of what is sent."""
        return {} if self.channel_by is None else {"channel_by": self.channel_by}

    def repeats(self) -> tuple[Repeat, ...]:
        """See DestinationDocument: only a bot can look whether a message is there."""
        if self.credential == "bot_token":
            return (Repeat.READ_BACK,)
        return (Repeat.AT_MOST_ONCE, Repeat.AT_LEAST_ONCE)

    def continues(self) -> bool:
        """See DestinationDocument: a webhook is not told the `ts` of what it posted."""
        return self.threads and self.credential == "bot_token"


class SlackDeployTime(DeployTime):
    """Which Slack is called."""

    api_url: str = Field(
        default="https://slack.com/api",
        pattern=r"^https?://[^?#]+[^/?#]$",
        description="Slack's Web API; https://slack-gov.com/api for GovSlack.",
    )
    private_hosts: tuple[str, ...] = Field(
        default=(), description="Names, addresses or networks that may be called though private."
    )
