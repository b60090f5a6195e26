"""The ways in which a request is refused: a status, a code, what is wrong and what to do."""

from collections.abc import Mapping


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

    @classmethod
    def too_large(cls, limit: int) -> "Refusal":
        """413."""
        return cls(
            413,
            "too_large",
            f"the body is larger than {limit} bytes",
            "send a smaller body, or raise the source's limit",
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
    def not_allowed(cls) -> "Refusal":
        """403."""
        return cls(
            403,
            "address_not_allowed",
            "this address may not send to this source",
            "add the sender's network to `allow` in the source's document",
        )

    @classmethod
    def not_ready(cls) -> "Refusal":
        """503 for what is ours to fix: the sender's retry finds it fixed."""
        return cls(
            503,
            "not_ready",
            "this source cannot take events yet",
            "nothing: send it again later; the operator is alarmed",
            retry_after=60,
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
