"""Import time of each handler, against what any such function pays: clients, Powertools, pydantic.

Each is the median of fresh processes that run from the staged asset and the layer, interleaved, so
that a busy moment of the machine meets all of them.
"""

import os
import statistics
import subprocess
import sys
import time

from infra import bundling
from infra.catalogue import handlers

ROUNDS = 7
BASELINE = (
    "import boto3, pydantic; from aws_lambda_powertools.logging import Logger; "
    "from aws_lambda_powertools.metrics import EphemeralMetrics; "
    "[boto3.client(s, region_name='eu-west-1') for s in ('sqs', 'dynamodb', 'ssm')]"
)


def measure() -> dict[str, str]:
    """The ratio of each handler's import to the baseline's."""
    target = bundling.host_target()
    shared = f"{bundling.layer(target) / 'python'}:{bundling.runtime(target)}"
    programs = {"baseline": (BASELINE, shared)}
    for folder in handlers():
        staged = bundling.function(folder, target)
        code = f"import functions.{folder}.handler"
        programs[folder] = (code, f"{staged}:{shared}")
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, (code, path) in programs.items():
            seconds[name].append(_run(code, path))
    empty = statistics.median(_run("pass", shared) for _ in range(ROUNDS))
    medians = {name: statistics.median(taken) - empty for name, taken in seconds.items()}
    baseline = medians.pop("baseline")
    return {
        f"import of {name}": f"{median / baseline:.2f} x the baseline | 1.35 x"
        for name, median in medians.items()
    }


def _run(code: str, path: str) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-S", "-P", "-c", code],
        env={"PYTHONPATH": path, "PATH": os.environ["PATH"]},
        check=True,
    )
    return time.perf_counter() - began
