"""API Gateway's proxy events and answers.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.receive_webhook.refusals import Refusal
from switchboard.sources import Request


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered; `body` becomes JSON."""

    status: int
    body: Mapping[str, str]
    retry_after: int | None = None

    def as_proxy_answer(self) -> dict[str, Any]:
        """The answer in API Gateway's shape."""
        headers = {"content-type": "application/json", "cache-control": "no-store"}
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        return {
            "statusCode": self.status,
            "headers": headers,
            "body": json.dumps(self.body),
            "isBase64Encoded": False,
        }


def source_name(event: Mapping[str, Any]) -> str:
    """The source in `/webhooks/{source}`, from the path of the resource that was called."""
    path = str(event.get("resource") or event.get("path") or "")
    parts = path.strip("/").split("/")
    return parts[1] if len(parts) == 2 and parts[0] == "webhooks" else ""


def source_ip(event: Mapping[str, Any]) -> str:
    """The address that API Gateway saw; a forwarding header could be anyone's."""
    context = event.get("requestContext") or {}
    return str((context.get("identity") or {}).get("sourceIp") or "")


def read_request(event: Mapping[str, Any], limit: int) -> Request:
    """The request in a proxy event, with the exact bytes of its body.

    Raises:
        Refusal: 413 for a body of more than `limit` bytes, before it is decoded; 400 for base64
            that is none.
    """
    text = event.get("body") or ""
    encoded = bool(event.get("isBase64Encoded"))
    # Three bytes for each four characters, less the padding of at most two.
    if (len(text) * 3 // 4 - 2 if encoded else len(text)) > limit:
        raise Refusal.too_large(limit)
    body = _decoded(text) if encoded else text.encode("utf-8", "surrogatepass")
    if len(body) > limit:
        raise Refusal.too_large(limit)
    return Request(headers=_headers(event), body=body, source_ip=source_ip(event))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal.invalid_base64() from None


def _headers(event: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Every value of every header, repeated ones too."""
    several = event.get("multiValueHeaders")
    if several:
        return tuple((name, str(value)) for name, values in several.items() for value in values)
    return tuple((name, str(value)) for name, value in (event.get("headers") or {}).items())
