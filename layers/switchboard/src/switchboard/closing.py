"""Writing an ending into the ledger, whoever else writes at the same time."""

from collections.abc import Callable
from dataclasses import replace

from switchboard.ledger import Entry, Ledger, State


def close(ledger: Ledger, mine: Entry, closed: Entry, *, late: Callable[[], None]) -> bool:
    """Write how my attempt ended.

    A `delivered` that comes late, when a newer attempt already began, is accepted and `late` is
    called: the newer one may have stored it too. Any other late ending yields, and so does one of
    an earlier generation.

    Returns:
        Whether `closed` is now what the ledger says.
    """
    found = ledger.put(closed, expected=mine.revision)
    if found is None:
        return True
    if closed.state is not State.DELIVERED or closed.generation < found.generation:
        return False
    late()
    for _ in range(5):
        kept = found if found.is_final else replace(closed, attempt=found.attempt)
        doubts = found.possible_duplicates + 1
        after = replace(kept, revision=found.revision + 1, possible_duplicates=doubts)
        newer = ledger.put(after, expected=found.revision)
        if newer is None:
            return after.state is State.DELIVERED
        found = newer
    return False


def conclude(
    ledger: Ledger, entry: Entry, *, stored: bool, ending: Callable[[Entry], Entry]
) -> tuple[Entry, bool] | None:
    """Write `ending` of `entry`, or of whatever open entry another execution wrote meanwhile.

    Returns:
        What the ledger now says, and whether that was written here (a final state stays as it
        is); None when others were always faster.
    """
    expected = entry.revision if stored else None
    for _ in range(5):
        end = ending(entry)
        found = ledger.put(end, expected=expected)
        if found is None:
            return end, True
        if found.is_final:
            return found, False
        entry, expected = found, found.revision
    return None
