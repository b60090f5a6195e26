"""What `fire_timers` is."""

from switchboard.deployed import FunctionSpec

SPEC = FunctionSpec(
    folder="fire_timers",
    summary="Looks at interactions when their timers are due, and tells what has not happened.",
    timeout_seconds=50,
)
