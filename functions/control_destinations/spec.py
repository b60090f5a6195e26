"""What `control_destinations` is."""

from switchboard.deployed import FunctionSpec

SPEC = FunctionSpec(
    folder="control_destinations",
    summary="Switches the polling of paused and long broken destinations off, and on again.",
    timeout_seconds=50,
)
