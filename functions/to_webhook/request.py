"""A delivery as a signed request, and what the endpoint's answer means.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.to_webhook.settings import WebhookDeployTime, WebhookDocument
from functions.to_webhook.spec import SPEC
from switchboard.destination import Delivery, Receipt
from switchboard.errors import ConfigurationError, OutcomeUnknown
from switchboard.event import digest, utc_text
from switchboard.http import HttpClient, raise_for_answer
from switchboard.http.client import checked_url
from switchboard.http.quotas import quota_of
from switchboard.version import Version

SECRET_FIELD = SPEC.secret_fields[0]
PARCEL_TYPE = "switchboard.batch"
SECRET_PREFIX = "whsec_"  # noqa: S105 - how the standard marks a secret

Secrets = Callable[[], Sequence[Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What is sent: serialised once, so that the signature covers these very bytes."""

    headers: Mapping[str, str]
    body: bytes


def signed_request(
    delivery: Delivery, keys: Sequence[bytes], now: int, *, record: bool = False
) -> SignedRequest:
    """The request of one attempt: the same id on every attempt, signed anew with every key.

    A whole `record` says its key, so that the receiver can write over what it has.
    """
    return _signed(delivery.key, _content(delivery, record=record), keys, now)


def signed_parcel(
    deliveries: Sequence[Delivery], keys: Sequence[bytes], now: int, *, record: bool = False
) -> SignedRequest:
    """The request of a parcel: each event with its own id, in the order of their versions.

    The receiver knows an event again by its own id: a repeated one may come in another parcel.
    """
    in_order = sorted(deliveries, key=lambda delivery: Version.of(delivery.event))
    newest = in_order[-1].event.time
    content = {
        "type": PARCEL_TYPE,
        "timestamp": utc_text(newest),
        "data": [
            {"id": delivery.key, **_content(delivery, record=record)} for delivery in in_order
        ],
    }
    return _signed(parcel_id(deliveries), content, keys, now)


def parcel_id(deliveries: Sequence[Delivery]) -> str:
    """The `webhook-id` of a parcel: the same for the same deliveries, in whatever order."""
    return "pcl_" + digest(*sorted(delivery.key for delivery in deliveries))


def _content(delivery: Delivery, *, record: bool) -> dict[str, Any]:
    return {
        **({"record": delivery.group} if record else {}),
        "type": delivery.event.type,
        "timestamp": utc_text(delivery.event.time),
        "data": delivery.output,
    }


def _signed(
    message_id: str, content: Mapping[str, Any], keys: Sequence[bytes], now: int
) -> SignedRequest:
    body = json.dumps(content, separators=(",", ":")).encode("ascii")
    message = f"{message_id}.{now}.".encode("ascii") + body
    signatures = [
        "v1," + base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode("ascii")
        for key in keys
    ]
    return SignedRequest(
        headers={
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(now),
            "webhook-signature": " ".join(signatures),
        },
        body=body,
    )


def signing_keys(secrets: Sequence[Mapping[str, str]]) -> list[bytes]:
    """The keys behind the secrets, newest first; during a rotation both sign.

    Raises:
        ConfigurationError: one is missing, or not written as the standard says.
    """
    keys: list[bytes] = []
    for fields in secrets:
        text = fields.get(SECRET_FIELD, "")
        try:
            key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not key:
            raise ConfigurationError(
                f"the secret's {SECRET_FIELD} must be whsec_ and base64; run `switchboard secrets"
                " set`"
            )
        keys.append(key)
    return keys


class WebhookDestination:
    """One configured endpoint."""

    def __init__(
        self,
        document: WebhookDocument,
        secrets: Secrets,
        deploy_time: WebhookDeployTime,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        checked_url(document.url, deploy_time.private_hosts)
        self._document = document
        self._secrets = secrets
        self._clock = clock
        self._http = HttpClient(
            timeout_seconds=SPEC.vendor_timeout_seconds, private_hosts=deploy_time.private_hosts
        )

    def reference(self, delivery: Delivery) -> str:  # noqa: ARG002
        """Nothing: an endpoint cannot be asked what it has."""
        return ""

    def check(self, delivery: Delivery) -> bytes:
        """The signed body."""
        return self._signed(delivery).body

    def send(self, delivery: Delivery) -> Receipt:
        """Post it. A page of HTML under 2xx is no endpoint's answer: its outcome is unknown."""
        return self._post(self._signed(delivery))

    def address(self, delivery: Delivery) -> str:  # noqa: ARG002
        """See ParcelDestination: there is one endpoint."""
        return ""

    def parcel_reference(self, deliveries: Sequence[Delivery]) -> str:  # noqa: ARG002
        """Nothing: an endpoint cannot be asked what it has."""
        return ""

    def send_parcel(self, deliveries: Sequence[Delivery]) -> Receipt:
        """Post a parcel; the endpoint's answer is for all of it."""
        return self._post(
            signed_parcel(
                deliveries,
                signing_keys(self._secrets()),
                int(self._clock()),
                record=self._document.record,
            )
        )

    def _post(self, request: SignedRequest) -> Receipt:
        answer = self._http.request(
            "POST",
            self._document.url,
            headers={**self._document.headers, **request.headers},
            body=request.body,
        )
        raise_for_answer(answer, clean_statuses=SPEC.clean_statuses)
        if answer.is_html:
            raise OutcomeUnknown(
                f"the destination answered {answer.status} with a page of HTML, which no endpoint"
                " does: a login or maintenance page stands before it",
                answer=answer.quote,
            )
        return Receipt(detail={"status": str(answer.status)}, quota=quota_of(answer, self._clock()))

    def _signed(self, delivery: Delivery) -> SignedRequest:
        keys, now = signing_keys(self._secrets()), int(self._clock())
        return signed_request(delivery, keys, now, record=self._document.record)

    def find(self, delivery: Delivery) -> Receipt | None:  # noqa: ARG002
        """Never asked: `read_back` is no choice of this kind."""
        return None
