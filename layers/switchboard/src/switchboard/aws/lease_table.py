"""Leases in the `state` table: one item per name, which stays so that fences only grow."""

from typing import Any

from switchboard.aws.items import Item, Plain, Update, to_item, update_if
from switchboard.lease import CLOCK_MARGIN, Lease

_MINE = "#owner = :owner AND #fence = :fence"


class LeaseTable:
    """See LeaseStore. A write that botocore repeated is harmless: the owner meets itself."""

    def __init__(self, table: str) -> None:
        self._table = table

    def take(self, name: str, owner: str, now: float, seconds: float) -> Lease | None:
        """See LeaseStore."""
        found = self._update(
            name,
            Update(
                "SET #owner = :owner, #until = :until,"
                " #fence = if_not_exists(#fence, :none) + :one",
                "attribute_not_exists(#until) OR #owner = :owner OR #until <= :ended",
                {
                    ":owner": owner,
                    ":until": now + seconds,
                    ":ended": now - CLOCK_MARGIN,
                    ":none": 0,
                    ":one": 1,
                },
            ),
            "taking a lease",
        )
        return None if found is None else _lease(name, found)

    def renew(self, lease: Lease, now: float, seconds: float) -> Lease | None:
        """See LeaseStore."""
        values = {**_mine(lease), ":until": now + seconds}
        found = self._update(
            lease.name, Update("SET #until = :until", _MINE, values), "renewing a lease"
        )
        return None if found is None else _lease(lease.name, found)

    def release(self, lease: Lease) -> None:
        """See LeaseStore."""
        update = Update("REMOVE #owner, #until", _MINE, _mine(lease))
        self._update(lease.name, update, "releasing a lease")

    def _update(self, name: str, update: Update, doing: str) -> dict[str, Any] | None:
        return update_if(self._table, _key(name), update, doing)


def _key(name: str) -> Item:
    return to_item({"item": f"lease#{name}"})


def _mine(lease: Lease) -> dict[str, Plain]:
    return {":owner": lease.owner, ":fence": lease.fence}


def _lease(name: str, values: dict[str, Any]) -> Lease:
    return Lease(name, values["owner"], int(values["fence"]), values["until"])
