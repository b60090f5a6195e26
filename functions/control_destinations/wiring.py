"""The control with its adapters to AWS."""

import time
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from functions.control_destinations.control import Control, Ports
from functions.control_destinations.decision import Deployed
from switchboard.aws.asynchronous import start_function
from switchboard.aws.drained_queue import DrainTable
from switchboard.aws.event_source_mappings import LambdaMappings
from switchboard.aws.parameters import StageParameters
from switchboard.aws.queues import count_messages
from switchboard.aws.runtime import Handle, Invocation
from switchboard.aws.state_table import StateTable
from switchboard.configuration import ParameterSource
from switchboard.drain import DrainOrder
from switchboard.settings import Settings
from switchboard.telemetry import InvocationTelemetry, Telemetry

DEPLOYED = "deployment/destinations/"


def wire(settings: Settings, telemetry: InvocationTelemetry) -> Handle:
    """The control of one sandbox."""
    parameters = StageParameters(settings.stage, DEPLOYED)
    control = Control(
        Ports(
            deployed=lambda: read_deployed(parameters, telemetry),
            states=StateTable(settings.state_table),
            mappings=LambdaMappings(),
            drains=DrainTable(settings.state_table),
            start=start_drain,
            depth=lambda url: count_messages(url, "counting what waits for a destination"),
            telemetry=telemetry,
            clock=time.time,
        )
    )

    def handle(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:  # noqa: ARG001
        return {"polled": control.run()}

    return handle


def start_drain(function: str, order: DrainOrder) -> None:
    """Let a destination's function drain, in an invocation of its own."""
    start_function(function, {"drain": order.model_dump(mode="json")})


def read_deployed(parameters: ParameterSource, telemetry: Telemetry) -> Mapping[str, Deployed]:
    """What the destinations' stacks wrote; one that cannot be read is told and passed over."""
    found: dict[str, Deployed] = {}
    for name, parameter in parameters.fetch(()).items():
        destination = name.removeprefix(DEPLOYED)
        try:
            found[destination] = Deployed.model_validate_json(parameter.text)
        except ValidationError:
            telemetry.warn(
                "a destination's deployment parameter is broken", destination=destination
            )
    return found
