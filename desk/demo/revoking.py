"""One statement of each role, drawn by lot, without which the demo must not hold.

Only what a run was seen to use is drawn: without another statement nothing would be refused.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence

Statement = tuple[str, int]
"""A role, and the number of one of its statements."""


def drawn(used: Iterable[Sequence[object]], draw: int) -> Sequence[Statement]:
    """One of the `used` statements of every role; the same `draw` draws the same ones."""
    by_role: defaultdict[str, list[int]] = defaultdict(list)
    for role, number in used:
        by_role[str(role)].append(int(str(number)))
    lots = random.Random(draw)  # noqa: S311 - to be repeated, not to be secret
    return [(role, lots.choice(sorted(by_role[role]))) for role in sorted(by_role)]
