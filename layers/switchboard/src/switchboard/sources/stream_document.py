"""The document of a source of kind `stream`."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from switchboard.sources.contact_center_document import ContactCenterDocument
from switchboard.sources.hosts import check_host, check_tls

SMALLEST_QUEUE, LARGEST_QUEUE = 2, 1000

# What Pulsar takes in a name, without the characters that would have to be escaped in a path.
_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9_.:=-]{0,127}"

Segment = Annotated[str, StringConstraints(pattern=f"^{_SEGMENT}$")]
Topic = Annotated[str, StringConstraints(pattern=f"^{_SEGMENT}/{_SEGMENT}$")]
Partitions = Annotated[int, Field(ge=1, le=64)]


@dataclass(frozen=True, slots=True)
class Place:
    """What one session reads: a topic, or one partition of it."""

    topic: str
    partition: int | None = None

    @property
    def name(self) -> str:
        """As Pulsar names it."""
        return self.topic if self.partition is None else f"{self.topic}-partition-{self.partition}"


class StreamDocument(ContactCenterDocument):
    """Document of 8x8's Event Streaming: where it is, how it is read, and when it is too quiet."""

    host: str = Field(
        description="The host of the tenant's region, such as pulsar-ws-euw2.8x8.com, and a port"
        " where it is not the usual one. A wrong region connects, and stays silent."
    )
    tls: bool = Field(default=True, description="Whether to use TLS; false on loopback only.")
    tenant: Segment = Field(description="The tenant's name in 8x8 Contact Center.")
    topics: tuple[Topic, ...] = Field(
        default=("event-v1/all",),
        min_length=1,
        description="Namespace and topic of what is read, such as event-v1/all.",
    )
    partitions: Mapping[Topic, Partitions] = Field(
        default_factory=dict,
        description="How many partitions a topic has, where it has any: each gets a session.",
    )
    mode: Literal["reader", "consumer"] = Field(
        default="reader",
        description="Whether the place in the stream is kept by us (reader) or by 8x8 (consumer).",
    )
    start: str = Field(
        default="latest",
        description="Where a reader without a checkpoint begins: latest, earliest, or after a"
        " message id.",
    )
    subscription: Segment | None = Field(
        default=None, description="The name of a consumer's subscription; required there."
    )
    subscription_type: Literal["Exclusive", "Failover", "Shared", "Key_Shared"] = Field(
        default="Exclusive", description="The type of a consumer's subscription."
    )
    subscription_start: Literal["latest", "earliest"] = Field(
        default="latest", description="Where a consumer's new subscription begins."
    )
    order: Literal["interaction", "none"] = Field(
        default="interaction",
        description="Whether the events of an interaction must keep their order.",
    )
    key_is_interaction: bool = Field(
        default=False,
        description="That 8x8 publishes with the interaction as the key: Key_Shared needs it.",
    )
    credential: Literal["api_key", "token"] = Field(
        default="api_key",
        description="What the secret's key is: an API key (sent as X-API-Key) or a token (sent as"
        " Authorization: Bearer).",
    )
    receiver_queue_size: int = Field(
        default=LARGEST_QUEUE,
        ge=SMALLEST_QUEUE,
        le=LARGEST_QUEUE,
        description="How many messages 8x8 sends ahead of our acknowledgements.",
    )
    silence_seconds: int = Field(
        default=600,
        ge=5,
        le=86_400,
        description="After how long without a message the stream counts as silent.",
    )
    connection_age_seconds: int = Field(
        default=3600,
        ge=5,
        le=86_400,
        description="After how long a connection is replaced by a new one.",
    )
    catch_up_seconds: int = Field(
        default=600,
        ge=1,
        le=86_400,
        description="From which age (by its publish time) a message goes to the bulk queue.",
    )
    gap_seconds: int = Field(
        default=60,
        ge=1,
        le=86_400,
        description="From which length a hole after a lost position is told as a gap.",
    )
    nothing_ever_came_seconds: int = Field(
        default=3600,
        ge=5,
        le=604_800,
        description="After how long a stream that never brought a message is alarmed.",
    )

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, host: str) -> str:
        return check_host(host, "host", "pulsar-ws-euw2.8x8.com")

    @field_validator("topics")
    @classmethod
    def _each_topic_once(cls, topics: tuple[str, ...]) -> tuple[str, ...]:
        for topic in topics:
            if topics.count(topic) > 1:
                raise ValueError(f"the topic {topic} is there {topics.count(topic)} times")
        return topics

    @field_validator("start")
    @classmethod
    def _is_a_position(cls, start: str) -> str:
        if start not in {"latest", "earliest"} and not _is_message_id(start):
            raise ValueError(
                "start must be latest, earliest, or a message id as 8x8 sends it: standard base64"
                " (with + and /) and its padding"
            )
        return start

    @field_validator("receiver_queue_size", mode="before")
    @classmethod
    def _is_no_zero(cls, size: object) -> object:
        if size in {0, 1}:
            raise ValueError(
                "with 0 the server delivers nothing at all, with 1 nothing after a position; give"
                f" {SMALLEST_QUEUE} to {LARGEST_QUEUE}"
            )
        return size

    @model_validator(mode="after")
    def _tls_but_on_loopback(self) -> Self:
        check_tls(self.host, "host", tls=self.tls)
        return self

    @model_validator(mode="after")
    def _partitions_of_topics(self) -> Self:
        for topic in self.partitions:
            if topic not in self.topics:
                raise ValueError(f"partitions names {topic}, which is not one of topics")
        names = [place.name for place in self.places]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name} is read twice: as a topic and as a partition")
        return self

    @model_validator(mode="after")
    def _of_its_mode(self) -> Self:
        given = self.model_fields_set
        if self.mode == "reader":
            for field in ("subscription", "subscription_type", "subscription_start"):
                if field in given:
                    raise ValueError(f"{field} is for consumers; set mode to consumer, or drop it")
            return self
        if self.subscription is None:
            raise ValueError("a consumer needs subscription, the name under which 8x8 keeps it")
        if "start" in given:
            raise ValueError(
                "start is for readers; where a consumer's new subscription begins is"
                " subscription_start"
            )
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.key_is_interaction and self.subscription_type != "Key_Shared":
            raise ValueError("key_is_interaction says something of Key_Shared subscriptions only")
        if self.order == "none":
            return self
        if self.subscription_type == "Shared":
            raise ValueError(
                "a Shared subscription keeps no order; take Exclusive or Failover, or set order to"
                " none"
            )
        if self.subscription_type == "Key_Shared" and not self.key_is_interaction:
            raise ValueError(
                "a Key_Shared subscription keeps the order of its keys: set key_is_interaction to"
                " true if 8x8 publishes with the interaction as the key, or order to none"
            )
        return self

    @property
    def places(self) -> tuple[Place, ...]:
        """What is read, one session each."""
        return tuple(
            place
            for topic in self.topics
            for place in (
                [Place(topic, number) for number in range(self.partitions[topic])]
                if topic in self.partitions
                else [Place(topic)]
            )
        )


def _is_message_id(written: str) -> bool:
    try:
        raw = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return False
    return bool(raw) and base64.b64encode(raw).decode() == written
