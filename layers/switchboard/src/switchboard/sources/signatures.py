"""What the proof of a webhook needs: exact decoding, constant-time comparison, a time's age."""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Literal

from switchboard.errors import ConfigurationError, EventError

Encoding = Literal["hex", "base64", "base64url"]


class Doubt(StrEnum):
    """Why a signature is not accepted, as metrics and answers name it."""

    MISSING = "signature_missing"
    AMBIGUOUS = "signature_ambiguous"
    MALFORMED = "signature_malformed"
    WRONG = "signature_wrong"
    EXPIRED = "signature_expired"
    FUTURE = "signature_from_the_future"


class SignatureRefused(EventError):
    """The request is not proven to be the sender's."""

    def __init__(self, doubt: Doubt, message: str) -> None:
        super().__init__(message)
        self.doubt = doubt


def mac(key: bytes, message: bytes, algorithm: str) -> bytes:
    """HMAC (RFC 2104)."""
    return hmac.digest(key, message, algorithm)


def any_equal(expected: Sequence[bytes], given: Sequence[bytes]) -> bool:
    """Whether one of `given` is one of `expected`; the time taken tells nothing of where."""
    found = False
    for one in expected:
        for other in given:
            found |= hmac.compare_digest(one, other)
    return found


def check_proof(
    given: Sequence[bytes], secrets: Sequence[str], proof: Callable[[str], bytes], refusal: str
) -> None:
    """Refuse what is `given`, unless a part of it is the `proof` by one of the secrets.

    Raises:
        SignatureRefused: saying `refusal`.
        ConfigurationError: nothing fits, and a secret is written in a way that cannot be used.
    """
    expected: list[bytes] = []
    unusable: ConfigurationError | None = None
    for secret in secrets:
        try:
            expected.append(proof(secret))
        except ConfigurationError as error:
            unusable = error
    if not any_equal(expected, given):
        raise unusable or SignatureRefused(Doubt.WRONG, f"verifying: {refusal}")


def text_key(secret: str) -> bytes:
    """The key of a scheme that takes the secret's text as it is.

    Raises:
        ConfigurationError: it is empty, and anyone could use it.
    """
    if not secret:
        raise ConfigurationError("the secret is empty; set it with `switchboard secrets`")
    return secret.encode("utf-8", "surrogatepass")


def base64_key(secret: str, prefix: str = "") -> bytes:
    """The key behind `prefix` and base64.

    Raises:
        ConfigurationError: the secret is not written so.
    """
    try:
        key = base64.b64decode(secret.removeprefix(prefix), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ConfigurationError(
            f"the signing secret is not base64{f' after {prefix}' if prefix else ''}; set it again"
            " with `switchboard secrets`, exactly as the sender shows it"
        )
    return key


def decoded(text: str, encoding: Encoding) -> bytes | None:
    """A signature's bytes, or None where the text is not exactly such an encoding.

    Only the one canonical spelling counts (of hex in any case, of base64url with or without its
    padding), so that no changed signature is taken for the same.
    """
    try:
        if encoding == "hex":
            value = bytes.fromhex(text)
            return value if value and value.hex() == text.lower() else None
        if encoding == "base64":
            value = base64.b64decode(text, validate=True)
            return value if value and base64.b64encode(value).decode() == text else None
        bare = text.rstrip("=")
        value = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
        canonical = base64.urlsafe_b64encode(value).decode()
    except (binascii.Error, ValueError):
        return None
    return value if value and text in (canonical, canonical.rstrip("=")) else None


def epoch(text: str, what: str, *, per_second: int = 1) -> float:
    """A signed time in whole epoch seconds (or smaller units), as it is written.

    Raises:
        SignatureRefused: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 14):
        raise SignatureRefused(Doubt.MALFORMED, f"verifying: {what} is no time in epoch seconds")
    return int(text) / per_second


def check_age(signed_at: float, tolerance: float, now: float) -> None:
    """Refuse what was signed too long ago, or in the future.

    Raises:
        SignatureRefused: saying how far off it is.
    """
    age = now - signed_at
    if age > tolerance:
        raise SignatureRefused(
            Doubt.EXPIRED, f"verifying: signed {age:.0f} s ago, and {tolerance:.0f} s are tolerated"
        )
    if age < -tolerance:
        raise SignatureRefused(
            Doubt.FUTURE,
            f"verifying: signed {-age:.0f} s in the future, and {tolerance:.0f} s are tolerated",
        )
