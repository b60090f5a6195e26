"""What `replay_events` is."""

from switchboard.deployed import FunctionSpec

SPEC = FunctionSpec(
    folder="replay_events",
    summary="Sends the deliveries of a replay's plan once more, at a rate, through ingest-bulk.",
    timeout_seconds=120,
)
