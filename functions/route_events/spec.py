"""What `route_events` is."""

from switchboard.deployed import FunctionSpec

BULK_CONCURRENCY = 2
"""How many executions `ingest-bulk` has at once, so that live events always find room."""
BULK_BATCH = 10

SPEC = FunctionSpec(
    folder="route_events",
    summary="Normalises events, archives their raw payloads and fans them out to destinations.",
    timeout_seconds=60,
)
