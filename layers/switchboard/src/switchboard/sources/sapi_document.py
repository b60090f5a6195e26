"""The document of a source of kind `sapi`."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from switchboard.sources.contact_center_document import ContactCenterDocument
from switchboard.sources.hosts import check_host, check_tls
from switchboard.sources.stream_document import Segment

MOST_HELD = 1000


class SapiDocument(ContactCenterDocument):
    """Document of 8x8's legacy Streaming API: where it is, and when it is too quiet."""

    cluster: str = Field(
        description="The host of the tenant's cluster, such as vcc-eu4.8x8.com, or of the"
        " compatibility bridge, such as vcc-sapi-bridge-euw2.8x8.com."
    )
    tls: bool = Field(default=True, description="Whether to use TLS; false on loopback only.")
    tenant: Segment = Field(description="The tenant's name in 8x8 Contact Center.")
    subscription: Segment = Field(
        description="The subscription's id. 8x8 keeps what comes for it while nobody is connected;"
        " of the three that a tenant may have, nothing else may use this one."
    )
    output: Literal["JSON", "NEWLINE_JSON"] = Field(
        default="JSON",
        description="How events are written: as objects, or one object on each line.",
    )
    unconfirmed_limit: int = Field(
        default=MOST_HELD,
        ge=1,
        le=MOST_HELD,
        description="How many events are taken in before SQS has them; a killed task loses as"
        " many, for this API has no acknowledgements.",
    )
    silence_seconds: int = Field(
        default=600,
        ge=5,
        le=86_400,
        description="After how long without an event or a heartbeat the connection is replaced.",
    )
    session_seconds: int = Field(
        default=3600,
        ge=1,
        le=86_400,
        description="After how long 8x8 ends a session; the next one begins at once.",
    )
    replay_seconds: int = Field(
        default=7200,
        ge=1,
        le=604_800,
        description="For how long 8x8 keeps what comes while nobody is connected; a longer absence"
        " is told as a gap.",
    )
    catch_up_seconds: int = Field(
        default=600,
        ge=1,
        le=86_400,
        description="From which age (by its own time) an event goes to the bulk queue.",
    )
    nothing_ever_came_seconds: int = Field(
        default=3600,
        ge=5,
        le=604_800,
        description="After how long a source that never brought an event is alarmed.",
    )

    @field_validator("cluster")
    @classmethod
    def _is_a_host(cls, cluster: str) -> str:
        return check_host(cluster, "cluster", "vcc-eu4.8x8.com")

    @field_validator("output", mode="before")
    @classmethod
    def _is_no_xml(cls, output: object) -> object:
        if isinstance(output, str) and output.upper().endswith("XML"):
            raise ValueError(
                "XML is not read: it has lost the types of values and single-element lists; the"
                " same events come as JSON or NEWLINE_JSON"
            )
        return output

    @model_validator(mode="after")
    def _tls_but_on_loopback(self) -> Self:
        check_tls(self.cluster, "cluster", tls=self.tls)
        return self
