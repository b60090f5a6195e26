"""How each kind of vendor signs, written from their public descriptions."""

import base64
import hashlib
import hmac

Headers = dict[str, str]


def jaas(secret: str, body: bytes, now: int, _: str) -> Headers:
    """X-Jaas-Signature: the whole secret is the key."""
    made = hmac.digest(secret.encode(), f"{now}.".encode() + body, hashlib.sha256)
    return {"X-Jaas-Signature": f"t={now},v1={base64.b64encode(made).decode()}"}


def standard_webhooks(secret: str, body: bytes, now: int, event: str) -> Headers:
    """webhook-signature: the base64 behind `whsec_` is the key."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    made = hmac.digest(key, f"{event}.{now}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": event,
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
    }


def pbx(secret: str, body: bytes, _: int, __: str) -> Headers:
    """x-pbx-signature: base64 of HMAC-SHA256 over the body."""
    made = hmac.digest(secret.encode(), body, hashlib.sha256)
    return {"x-pbx-signature": base64.b64encode(made).decode()}


SIGN = {"meetings": jaas, "partner": standard_webhooks, "legacy-pbx": pbx}
"""The vendor of each source."""
