"""From a Lambda invocation to the code that works on it, and back.

A handler is made at import and wired at its first invocation: importing a function makes no client
and reads no setting. What is wired lives as long as the sandbox.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from aws_lambda_powertools.logging import Logger

from switchboard.settings import Settings
from switchboard.telemetry import InvocationTelemetry

SettingsT = TypeVar("SettingsT", bound=Settings)


class LambdaContext(Protocol):
    """What of AWS's context object is used.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    aws_request_id: str
    function_name: str

    def get_remaining_time_in_millis(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation: its id, and how many seconds are left of it."""

    request_id: str
    remaining: Callable[[], float]

    def deadline(self, now: float) -> float:
        """When it ends, in epoch seconds."""
        return now + self.remaining()


Handle = Callable[[dict[str, Any], Invocation], dict[str, Any]]
Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def handler(
    settings: type[SettingsT], wire: Callable[[SettingsT, InvocationTelemetry], Handle]
) -> Handler:
    """A Lambda handler that reads `settings` and calls `wire` once, at its first invocation."""
    wired: list[tuple[Handle, InvocationTelemetry]] = []

    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        if not wired:
            values = settings.from_environment()
            # Set in the environment, the service would be a dimension of every metric.
            telemetry = InvocationTelemetry(values.stage, Logger(service=context.function_name))
            wired.append((wire(values, telemetry), telemetry))
        handle, telemetry = wired[0]
        invocation = Invocation(
            context.aws_request_id, lambda: context.get_remaining_time_in_millis() / 1000
        )
        started = time.monotonic()
        try:
            return handle(event, invocation)
        finally:
            telemetry.flush(
                request_id=invocation.request_id,
                milliseconds=round((time.monotonic() - started) * 1000),
            )

    return lambda_handler
