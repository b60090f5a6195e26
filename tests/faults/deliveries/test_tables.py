"""The ledger's table answers the same with moto's HTTP around it and without."""

from collections.abc import Sequence
from dataclasses import replace

from switchboard.aws.ledger_table import LedgerTable
from switchboard.ledger import Entry, State
from tests.faults.deliveries.tables import LEDGER, entries, ledger_table

NEW = Entry(group="g", event_id="e", destination="crm", state=State.SENDING, owner="one")
ENDED = replace(NEW, state=State.DELIVERED, revision=2, remote_id="r", updated_at=5.5)


def told(*, direct: bool) -> Sequence[object]:
    """What the ledger says to each write, and what it has at last."""
    with ledger_table(direct=direct):
        ledger = LedgerTable(LEDGER, 90, lambda: 1_790_000_000.0)
        writes = (
            (NEW, None),
            (NEW, None),
            (replace(NEW, owner="another"), None),
            (ENDED, 7),
            (ENDED, 1),
        )
        answers = [ledger.put(entry, expected=expected) for entry, expected in writes]
        return [*answers, *entries()]


def test_a_put_without_http_is_answered_as_one_with_it() -> None:
    over_http = told(direct=False)
    assert told(direct=True) == over_http
    assert over_http[2] == NEW
    assert over_http[-1] == ENDED
