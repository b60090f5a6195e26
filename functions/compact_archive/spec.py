"""What `compact_archive` is."""

from switchboard.deployed import FunctionSpec

SPEC = FunctionSpec(
    folder="compact_archive",
    summary="Each night makes two objects of an hour's many: its raw lines, and its events.",
    timeout_seconds=900,
    memory_mb=1024,
)
