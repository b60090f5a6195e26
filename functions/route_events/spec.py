"""What `route_events` is."""

from switchboard.destination import FunctionSpec

SPEC = FunctionSpec(
    folder="route_events",
    summary="Normalises events, archives their raw payloads and fans them out to destinations.",
    timeout_seconds=60,
)
