"""The ways in which a request is refused: a status, a code, what is wrong and what to do."""

from collections.abc import Mapping

from switchboard.errors import EventError
from switchboard.sources import Doubt, SignatureRefused

PAUSED = "paused"

_WHAT_TO_DO: Mapping[Doubt, str] = {
    Doubt.MISSING: "send the headers by which this source's kind proves its sender",
    Doubt.AMBIGUOUS: "send each header of the proof, and each time in it, once",
    Doubt.MALFORMED: "write the proof as this source's kind does",
    Doubt.WRONG: "use this source's secret: sign the exact bytes of the body with it or, where the"
    " kind signs nothing, send it as Authorization",
    Doubt.EXPIRED: "sign each attempt anew and compare the clocks, or raise `tolerance_seconds`",
    Doubt.FUTURE: "compare the clocks, or raise `tolerance_seconds` in the source's document",
}


class Refusal(Exception):
    """A request that is not taken. Its texts go to whoever sent it: they hold nothing of ours."""

    def __init__(
        self, status: int, code: str, message: str, do: str, *, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.do = do
        self.retry_after = retry_after

    @property
    def body(self) -> Mapping[str, str]:
        """The JSON body of the answer."""
        return {"error": self.code, "message": self.message, "do": self.do}

    @property
    def metric(self) -> str:
        """What it is counted as: what an operator asked for is no trouble."""
        if self.code == PAUSED:
            return "refused_paused"
        return "refused_signature" if self.status == 401 else "refused"

    @classmethod
    def invalid_base64(cls) -> "Refusal":
        """400."""
        return cls(400, "invalid_base64", "the body is not base64", "send the body as it is")

    @classmethod
    def invalid_event(cls, error: EventError) -> "Refusal":
        """401 for a signature or its like, else 400."""
        if isinstance(error, SignatureRefused):
            do = f"{_WHAT_TO_DO[error.doubt]}; `switchboard verify` explains it"
            return cls(401, error.doubt, str(error), do)
        return cls(400, "invalid_event", str(error), "send what this source's kind sends")

    @classmethod
    def not_allowed(cls) -> "Refusal":
        """403."""
        return cls(
            403,
            "address_not_allowed",
            "this address may not send to this source",
            "add the sender's network to `allow` in the source's document",
        )

    @classmethod
    def unknown_source(cls) -> "Refusal":
        """404."""
        return cls(
            404,
            "unknown_source",
            "there is no such source",
            "compare the path with the sources of this stage: /webhooks/{source}",
        )

    @classmethod
    def too_large(cls, limit: int) -> "Refusal":
        """413."""
        return cls(
            413,
            "too_large",
            f"the body is larger than {limit} bytes",
            "send a smaller body, or raise the stage's limit",
        )

    @classmethod
    def not_ready(cls) -> "Refusal":
        """503 for what is ours to fix: the sender's retry finds it fixed."""
        return cls(
            503,
            "not_ready",
            "this source cannot take events yet",
            "send the same event again later; the operator sees why in the log",
            retry_after=60,
        )

    @classmethod
    def paused(cls) -> "Refusal":
        """503 on request: the sender keeps the event, as long as its own retries last."""
        return cls(
            503,
            PAUSED,
            "this source is paused and takes nothing",
            "send the same event again later",
            retry_after=300,
        )

    @classmethod
    def busy(cls) -> "Refusal":
        """503 for what passes by itself."""
        return cls(
            503,
            "busy",
            "the event could not be stored, and was not taken",
            "send the same event again",
            retry_after=5,
        )
