#!/usr/bin/env python
"""Signs samples again after they were edited: `.venv/bin/python events/sign.py FILE…`.

`about.signed` says with which secrets and when; nothing of Switchboard's code is used. Signatures
are made as the senders' own pages say.
"""

import base64
import hashlib
import hmac
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Headers = dict[str, str]


def mac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256."""
    return hmac.new(key, message, hashlib.sha256).digest()


def b64(value: bytes) -> str:
    """Base64."""
    return base64.b64encode(value).decode()


def jaas(body: bytes, secrets: list[str], at: int) -> Headers:
    """Over `t.body`; the key is the whole secret."""
    made = [f"v1={b64(mac(secret.encode(), f'{at}.'.encode() + body))}" for secret in secrets]
    return {"X-Jaas-Signature": ",".join([f"t={at}", *made])}


def standard_webhooks(body: bytes, secrets: list[str], at: int) -> Headers:
    """Over `id.timestamp.body`; the key is what `whsec_` and base64 hide."""
    message_id = f"msg_{hashlib.sha256(body).hexdigest()[:12]}"
    message = f"{message_id}.{at}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{b64(mac(key, message))}" for key in keys),
    }


def legacy_pbx(body: bytes, secrets: list[str], at: int) -> Headers:
    """Over the body alone: such a request never expires."""
    del at
    return {"X-PBX-Signature": b64(mac(secrets[0].encode(), body))}


def github(body: bytes, secrets: list[str], at: int) -> Headers:
    """Over the body alone."""
    del at
    return {"X-Hub-Signature-256": f"sha256={mac(secrets[0].encode(), body).hex()}"}


def slack(body: bytes, secrets: list[str], at: int) -> Headers:
    """Over `v0:timestamp:body`."""
    message = f"v0:{at}:".encode() + body
    return {
        "X-Slack-Request-Timestamp": str(at),
        "X-Slack-Signature": f"v0={mac(secrets[0].encode(), message).hex()}",
    }


def stripe(body: bytes, secrets: list[str], at: int) -> Headers:
    """Over `t.body`."""
    made = [f"v1={mac(secret.encode(), f'{at}.'.encode() + body).hex()}" for secret in secrets]
    return {"Stripe-Signature": ",".join([f"t={at}", *made])}


def zendesk(body: bytes, secrets: list[str], at: int) -> Headers:
    """Over the ISO time and the body, with nothing between."""
    written = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {
        "X-Zendesk-Webhook-Signature": b64(mac(secrets[0].encode(), written.encode() + body)),
        "X-Zendesk-Webhook-Signature-Timestamp": written,
    }


def pagerduty(body: bytes, secrets: list[str], at: int) -> Headers:
    """Over the body alone; a list while secrets change."""
    del at
    made = [f"v1={mac(secret.encode(), body).hex()}" for secret in secrets]
    return {"X-PagerDuty-Signature": ",".join(made)}


def authorization(body: bytes, secrets: list[str], at: int) -> Headers:
    """Nothing is signed: the same value each time."""
    del body, at
    return {"Authorization": secrets[0]}


SCHEMES: dict[str, Callable[[bytes, list[str], int], Headers]] = {
    "meetings": jaas,
    "partner": standard_webhooks,
    "legacy-pbx": legacy_pbx,
    "github": github,
    "slack": slack,
    "stripe": stripe,
    "zendesk": zendesk,
    "pagerduty": pagerduty,
    "sms": authorization,
    "messaging": authorization,
}


def signed_again(sample: dict[str, Any]) -> dict[str, Any]:
    """The sample with the headers that `about.signed` asks for (None: left as it is).

    `body` there is what was signed where the sample's own body was changed after it;
    `other_header` repeats the headers, signed with another secret.
    """
    order = sample["about"]["signed"]
    if order is None:
        return sample
    scheme = SCHEMES[sample["about"]["source"]]
    body = order.get("body", sample["body"]).encode()
    made: dict[str, Any] = dict(scheme(body, order["secrets"], order["at"]))
    if "other_header" in order:
        other = scheme(body, [order["other_header"]], order["at"])
        made = {
            name: value if other[name] == value else [value, other[name]]
            for name, value in made.items()
        }
    return sample | {"headers": sample["headers"] | made}


def written(sample: dict[str, Any]) -> str:
    """A sample as it stands in its file."""
    return json.dumps(sample, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Sign every file that is named."""
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(written(signed_again(json.loads(path.read_text()))))


if __name__ == "__main__":
    main()
