"""What a destination's role may do for its kind, beside what every destination's may."""

from collections.abc import Sequence
from typing import Any

from infra.names import Names
from infra.stage import DestinationEntry
from infra.statements import Statement, allow, arn
from switchboard.destination import Mode, Permission, Records


def of_its_kind(entry: DestinationEntry) -> Sequence[Statement]:
    """The statements that the kind of a destination asks for, in the mode of its entry."""
    spec = entry.spec
    parcels = spec.parcels if entry.mode is Mode.BATCHED else None
    asked = [*spec.permissions, *(parcels.permissions if parcels is not None else ())]
    return [_statement(permission, entry) for permission in asked]


def reading_records(entry: DestinationEntry, names: Names) -> Sequence[Statement]:
    """What a kind that may send whole records needs to make them: the events of a group."""
    if entry.spec.records is Records.NEVER:
        return []
    return [allow(["dynamodb:Query"], arn("dynamodb", f"table/{names.table('events')}"))]


def _statement(permission: Permission, entry: DestinationEntry) -> Statement:
    fields: dict[str, Any] = entry.deploy_time.model_dump()
    resource = permission.resource.format(
        partition="${AWS::Partition}",
        region="${AWS::Region}",
        account="${AWS::AccountId}",
        **fields,
    )
    return allow(permission.actions, resource)
