"""What every signed webhook needs: constant-time comparison, and the age of a signed time."""

import hashlib
import hmac
from collections.abc import Iterable

from switchboard.sources.kind import SignatureRefused


def any_equal(expected: Iterable[bytes], given: Iterable[bytes]) -> bool:
    """Whether one of `given` is one of `expected`; the time taken tells nothing of where."""
    candidates = list(given)
    found = False
    for one in expected:
        for other in candidates:
            found |= hmac.compare_digest(one, other)
    return found


def sha256(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104)."""
    return hmac.digest(key, message, hashlib.sha256)


def seconds(text: str, what: str) -> float:
    """A signed time in whole epoch seconds, as it is written.

    Raises:
        SignatureRefused: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        raise SignatureRefused(f"verifying: {what} is no time in epoch seconds")
    return float(text)


def check_age(signed_at: float, tolerance: float, now: float) -> None:
    """Refuse what was signed too long ago, or in the future.

    Raises:
        SignatureRefused: saying how far off it is.
    """
    age = now - signed_at
    if age > tolerance:
        raise SignatureRefused(
            f"verifying: signed {age:.0f} s ago, and {tolerance:.0f} s are tolerated"
        )
    if age < -tolerance:
        raise SignatureRefused(
            f"verifying: signed {-age:.0f} s in the future, and {tolerance:.0f} s are tolerated;"
            " compare the clocks"
        )
