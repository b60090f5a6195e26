"""The types of events that Switchboard makes itself, and of those that pass through it."""

from collections.abc import Iterator
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel

from switchboard.catalogue.contact_center import ContactCenterData
from switchboard.catalogue.event_type import ANY, EventType, Family
from switchboard.catalogue.meetings import MeetingData
from switchboard.catalogue.messages import MessageData
from switchboard.sources.stream_types import GAP, UNDECODABLE, UNKNOWN


class GapDetected(BaseModel):
    """`data` of a hole in what was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: str = Field(description="What was read: a topic or one of its partitions.")
    after: str | None = Field(description="The id of the last message before it.")
    until: str | None = Field(description="The id of the first message after it.")
    after_time: AwareDatetime | None = Field(description="When the one before was published.")
    until_time: AwareDatetime | None = Field(description="When the one after was published.")
    cause: str = Field(
        description="retention, other_cluster, undeliverable, replay_window or interrupted."
    )


class Undecodable(BaseModel):
    """`data` in the place of a message that cannot be read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(description="What is wrong with it.")
    position: str = Field(description="Host, tenant, topic and message id.")
    frame: str | None = Field(default=None, description="What came, where it is text.")
    frame_base64: str | None = Field(default=None, description="What came, where it is none.")


class AsItCame(RootModel[Any]):
    """`data` as the sender wrote it: what its fields mean, only its mapping knows."""

    model_config = ConfigDict(frozen=True)


def own_types() -> Iterator[EventType]:
    """What the stream reader tells of."""
    yield EventType(
        name=GAP,
        family=Family.OWN,
        kinds=("stream", "sapi"),
        summary="Something may be missing in what a source brought.",
        data=GapDetected,
    )
    yield EventType(
        name=UNDECODABLE,
        family=Family.OWN,
        kinds=("stream", "sapi"),
        summary="A message came that is no JSON object, or one that cannot be written again.",
        data=Undecodable,
    )


def passing_types() -> Iterator[EventType]:
    """What nobody knows beforehand."""
    unknown = "An event with a name that this release does not know; counted as `unknown_type`."
    yield EventType(
        name=UNKNOWN + ANY,
        family=Family.PASSING,
        kinds=("stream", "sapi"),
        summary=unknown,
        data=ContactCenterData,
        says=("details",),
    )
    yield EventType(
        name=UNKNOWN + ANY,
        family=Family.PASSING,
        kinds=("jaas",),
        summary=unknown,
        data=MeetingData,
        says=("details",),
    )
    yield EventType(
        name=UNKNOWN + ANY,
        family=Family.PASSING,
        kinds=("connect_sms", "connect_chat_apps"),
        summary=unknown,
        data=MessageData,
        says=("details",),
    )
    yield EventType(
        name=ANY,
        family=Family.PASSING,
        kinds=("hmac", "standard_webhooks"),
        summary="The sender's own type, made safe; `{source}.received` where it names none.",
        data=AsItCame,
    )
