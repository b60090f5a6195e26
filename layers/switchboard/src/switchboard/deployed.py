"""What a deployed unit that is no destination is, as data: a function, or a task."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """A deployed function that is no destination. `folder` is its folder under functions/."""

    folder: str
    summary: str
    timeout_seconds: int
    memory_mb: int = 512


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A container that runs without end. A stage may give it another `cpu` and `memory_mb`.

    `cpu` is in Fargate's units (1024 are one processor); `stop_seconds` is what it has between the
    signal to end and its end.
    """

    folder: str
    summary: str
    cpu: int
    memory_mb: int
    stop_seconds: int
