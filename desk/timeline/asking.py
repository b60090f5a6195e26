"""What `timeline`, `search` and `why` read of a stage."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from desk.records.events import EventRecords, Kept, Key, group_named
from desk.records.ledger import LedgerRecords, by_delivery
from desk.records.rules import rule_of
from desk.records.tables import query
from desk.reference_data.lookups import OfStage, gathering
from desk.target import Target, TargetError
from desk.timeline.story import Story, story
from desk.timeline.why import Answer, Circumstances, explain
from switchboard.aws.items import from_item
from switchboard.breaker import DestinationState
from switchboard.configuration import Status
from switchboard.event import queue_safe
from switchboard.ledger import Entry


class Asking:
    """Questions to one stage, at one moment."""

    def __init__(self, target: Target, now: datetime) -> None:
        self._target = target
        self._now = now
        self.events = EventRecords(target)
        self.ledger = LedgerRecords(target)

    def timeline(self, named: str) -> Story:
        """The timeline of an interaction, a group, or the group of an event.

        Raises:
            TargetError: nothing of that name is recorded.
        """
        group = group_named(named)
        tried = [group] if group else [queue_safe(f"interaction:{named}"), f"event:{named}"]
        for one in tried:
            found = self._story(one)
            if found is not None:
                return found
        if group:
            raise TargetError(f"nothing of the group {group} is recorded in {self._target.stage}")
        key = self.find(named)
        found = self._story(key.group)
        if found is None:
            raise TargetError(f"the event {key.event_id} is in the index and not in the table")
        return found

    def _story(self, group: str) -> Story | None:
        """What is recorded of a group, its large events included; None: nothing is."""
        entries = self.ledger.of_group(group)
        events = [
            replace(kept, event=self.events.whole(kept)) for kept in self.events.of_group(group)
        ]
        if not events and not entries.entries:
            return None
        return story(group, events, entries, self._now.timestamp())

    def find(self, beginning: str) -> Key:
        """The event whose id begins so; raises TargetError."""
        return self.events.find(beginning, self._now.astimezone(UTC).date())

    def standing(self, kept: Sequence[Kept]) -> Mapping[tuple[str, str], Entry]:
        """The entries of these events' deliveries."""
        asked = ((one.key, choice.name) for one in kept for choice in one.choices)
        return by_delivery(self.ledger.get(asked))

    def why(self, beginning: str, destination: str) -> tuple[Kept, Answer]:
        """Why a destination has an event or not; raises TargetError."""
        key = self.find(beginning)
        kept = next(iter(self.events.get([key])), None)
        if kept is None:
            raise TargetError(f"the event {key.event_id} is in the index and not in the table")
        entries = by_delivery(self.ledger.of_event(key))
        entry = entries.get((key.event_id, destination))
        return kept, explain(kept, entry, self._around(kept, destination))

    def _around(self, kept: Kept, destination: str) -> Circumstances:
        parameters = self._target.parameters()
        deployed = parameters.get(f"deployment/destinations/{destination}")
        about = json.loads(deployed) if deployed else {}
        event = self.events.whole(kept)
        return Circumstances(
            stage=self._target.stage,
            destination=destination,
            now=self._now.timestamp(),
            deployed=deployed is not None,
            event=event.model_dump(mode="json") if event else None,
            versions=self._versions(destination),
            current=parameters.get(f"destinations/{destination}"),
            rule=rule_of(kept.source, parameters),
            state=self._state(destination),
            in_queue=sum(self._messages(url) for url in about.get("queues", {}).values()),
            in_dead_queue=self._messages(about["dead_queue_url"]) if about else 0,
            gather=gathering(OfStage(self._target)),
        )

    def _versions(self, destination: str) -> Mapping[int, str]:
        table = str(self._target.core()["configuration_table"])
        dynamodb = self._target.client("dynamodb")
        judged = query(dynamodb, table, "#name = :name", {"name": f"routes/{destination}"})
        return {
            int(item["version"]): str(item["text"])
            for item in judged
            if item["status"] != Status.REFUSED
        }

    def _state(self, destination: str) -> DestinationState:
        found = self._target.client("dynamodb").get_item(
            TableName=str(self._target.core()["state_table"]),
            Key={"item": {"S": f"destination#{destination}"}},
        )
        return DestinationState.model_validate(from_item(found.get("Item", {})))

    def _messages(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._target.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(number) for number in found["Attributes"].values())
