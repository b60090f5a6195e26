"""What `receive_webhook` is."""

from switchboard.deployed import FunctionSpec

SPEC = FunctionSpec(
    folder="receive_webhook",
    summary="Verifies webhooks and puts them into the ingest queue before it answers.",
    timeout_seconds=20,
)
