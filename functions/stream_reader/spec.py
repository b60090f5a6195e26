"""What `stream_reader` is."""

from switchboard.deployed import TaskSpec

SPEC = TaskSpec(
    folder="stream_reader",
    summary="Reads event streams and acknowledges a frame once the ingest queue has its event.",
    cpu=512,
    memory_mb=1024,
    stop_seconds=120,
)
