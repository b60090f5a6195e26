"""The documents of a webhook destination."""

from typing import Annotated

from pydantic import AfterValidator, Field

from switchboard.destination import DeployTime, DestinationDocument, Repeat

_RESERVED = ("authorization", "cookie", "host", "content-", "webhook-", "transfer-", "connection")


def _static(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if name.lower().startswith(_RESERVED):
            raise ValueError(f"{name} is not a header that a document may set")
        if not name.isascii() or not value.isascii() or {"\r", "\n"} & set(name + value):
            raise ValueError(f"{name[:40]} is no header of plain ASCII")
    return headers


class WebhookDocument(DestinationDocument):
    """Where events go; `repeat: native` trusts the receiver to know a `webhook-id` again."""

    url: str = Field(min_length=8, max_length=2000, description="https address of the receiver.")
    repeat: Repeat | None = Field(default=None, description="native, at_most_once, at_least_once.")
    record: bool = Field(
        default=False,
        description="Each request is the whole record of its group; an older never follows.",
    )
    headers: Annotated[dict[str, str], AfterValidator(_static)] = Field(
        default_factory=dict, description="Static headers; never a place for a secret."
    )


class WebhookDeployTime(DeployTime):
    """What a document must not decide: which inner addresses may be called."""

    private_hosts: tuple[str, ...] = Field(
        default=(), description="Names, addresses or networks that may be called though private."
    )
