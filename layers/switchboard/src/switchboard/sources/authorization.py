"""Kinds of sources that sign nothing: their sender repeats a value that it was given.

It comes in the header Authorization, the same one each time. So it proves who sent a request, but
neither what was sent nor when: a request that somebody could read can be sent again, and changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from switchboard.sources.kind import Request, WebhookKind
from switchboard.sources.signatures import Doubt, SignatureRefused, check_proof, text_key

HEADER = "Authorization"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationKind(WebhookKind):
    """A kind of source whose secret is the whole value of the header, `Basic` or `Bearer` too."""

    secret_fields: tuple[str, ...] = ("authorization",)

    def verify(
        self, request: Request, secrets: Sequence[str], document: Any, now: float
    ) -> float | None:
        """Compare the header with every secret; no time is signed."""
        del document, now
        check_proof(
            [given(request)],
            secrets,
            text_key,
            f"{HEADER} is not the value that is this source's secret",
        )
        return None


def given(request: Request) -> bytes:
    """The header's value.

    Raises:
        SignatureRefused: it is missing, there twice, or empty.
    """
    value = request.header(HEADER)
    if not value:
        raise SignatureRefused(Doubt.MALFORMED, f"verifying: {HEADER} is empty")
    return value.encode("utf-8", "surrogatepass")
