"""A group's events as the `events` table has them, for whoever folds them."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import from_item, to_item
from switchboard.aws.recorded_events import kept_of
from switchboard.claims import ClaimStore
from switchboard.envelope import Claim
from switchboard.errors import EventError
from switchboard.event import Event
from switchboard.events import Kept
from switchboard.sources import KINDS


class GroupEvents:
    """See GroupReader. Events that are too large for their items are read from their claims."""

    def __init__(self, table: str, claims: ClaimStore) -> None:
        self._table = table
        self._claims = claims

    def of_group(self, group: str) -> Sequence[Event]:
        """See GroupReader; one request for a group of up to a megabyte."""
        return list(filter(None, map(self._whole, self._kept(group))))

    def _kept(self, group: str) -> Iterator[Kept]:
        asked: Any = {
            "TableName": self._table,
            "KeyConditionExpression": "#group = :group",
            "ProjectionExpression": "#event, #event_ref",
            "ExpressionAttributeNames": {
                "#group": "group",
                "#event": "event",
                "#event_ref": "event_ref",
            },
            "ExpressionAttributeValues": to_item({":group": group}),
            "ConsistentRead": True,
        }
        while True:
            with translated("reading a group of the events table"):
                page = client("dynamodb").query(**asked)
            yield from (kept_of(from_item(item)) for item in page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _whole(self, kept: Kept) -> Event | None:
        """The event, from its claim if need be; None: its claim is gone."""
        if kept.event is not None or kept.event_ref is None:
            return kept.event
        try:
            claim = Claim.model_validate(json.loads(self._claims.load(kept.event_ref)))
        except EventError:
            return None
        # The claim of its arrival holds the event as it came.
        raw = claim.raw
        return claim.event if raw is None else KINDS[raw.kind].normalise(claim.event, raw)
