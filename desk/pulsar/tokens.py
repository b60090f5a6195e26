"""JSON web tokens, HS256, as a Pulsar server with a secret key takes them."""

import base64
import binascii
import hashlib
import hmac
import json
import time


def issue(secret: bytes, subject: str | None = "admin", ttl: float | None = None) -> str:
    """A token; it expires in `ttl` seconds, or never."""
    claims: dict[str, object] = {} if subject is None else {"sub": subject}
    if ttl is not None:
        claims["exp"] = int(time.time() + ttl)
    body = _encode(b'{"alg":"HS256"}') + b"." + _encode(json.dumps(claims).encode())
    return (body + b"." + _encode(hmac.digest(secret, body, hashlib.sha256))).decode()


def subject_of(secret: bytes, token: str, now: float) -> str | None:
    """Who it says it is; "" without a subject, and None for a token that is not valid now."""
    body, _, signature = token.rpartition(".")
    try:
        made = hmac.digest(secret, body.encode(), hashlib.sha256)
        if not hmac.compare_digest(made, _decode(signature)):
            return None
        claims = json.loads(_decode(body.split(".")[1]))
        if not float(claims.get("nbf", 0)) <= now < float(claims.get("exp", now + 1)):
            return None
        return str(claims.get("sub", ""))
    except (ValueError, IndexError, AttributeError, TypeError, binascii.Error):
        return None


def _encode(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
