"""`python -m tests.faults.laptop`: every kind and mode through the whole laptop stack, broken."""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests.faults.deliveries.verdict import Verdict
from tests.faults.laptop.evidence import judged
from tests.faults.laptop.scene import played
from tests.faults.report import Row, tell, wide_console

EVENTS = 500
EXAMPLES = """examples:
  python -m tests.faults.laptop                every destination, 500 events each
  python -m tests.faults.laptop --seed 7       as it was
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.laptop",
        description="Delivers through deployed functions on the laptop stack while vendors, S3 and"
        " SQS fail by seed, functions are killed and answers are lost; judges what was stored.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, help="of the vendors and the emulator (drawn)")
    parser.add_argument("--events", type=int, default=EVENTS, help="that each destination gets")
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    console = wide_console()
    seed = random.randrange(1_000_000) if chosen.seed is None else chosen.seed
    console.print(f"laptop: seed {seed}", markup=False)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, played(seed, Path(folder)) as scene:
        events = scene.feed(chosen.events)
        delivered = scene.until_delivered()
        verdicts = judged(scene, events)
        moved = scene.moved_by_sqs()
    for name, verdict in verdicts.items():
        injected = ", ".join(f"{count} {what}" for what, count in verdict.counts.items())
        console.print(f"{name}: {injected}", markup=False)
    if not delivered:
        console.print("it was not delivered in time, or not everything was broken", markup=False)
    if moved:
        console.print(f"SQS itself moved {moved} messages to dead letters", markup=False)
    console.print(f"{time.monotonic() - began:.0f} s", markup=False)
    tell([row(name, seed, one) for name, one in verdicts.items()], last_line(verdicts), console)
    is_well = delivered and not moved and not any(one.problems for one in verdicts.values())
    return 0 if is_well else 1


def last_line(verdicts: Mapping[str, Verdict]) -> str:
    """The sum of it."""
    deliveries = sum(one.deliveries for one in verdicts.values())
    lost = sum(one.lost for one in verdicts.values())
    return f"LAPTOP: {len(verdicts)} destinations, {deliveries:,} deliveries, {lost:,} lost"


def row(name: str, seed: int, verdict: Verdict) -> Row:
    """Of a destination."""
    numbers = {
        "deliveries": verdict.deliveries,
        "faults": verdict.injected,
        "lost": verdict.lost,
        "stored twice": verdict.duplicates,
        "overtakings": verdict.overtakings,
    }
    return Row(name, seed, numbers, verdict.problems)


if __name__ == "__main__":
    sys.exit(main())
