"""What a replay would send: each delivery mapped by the destination's own documents, not sent."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from desk.mappings.deployed import key_of
from desk.records.events import EventRecords, Kept, Key
from desk.records.tables import BATCH_KEYS, batches
from desk.reference_data.lookups import OfStage, gathering
from desk.replay.plans import Replays
from desk.target import Target, TargetError
from infra.catalogue import destination_kinds
from switchboard.aws.configuration_table import ConfigurationTable
from switchboard.candidates import Candidates
from switchboard.configuration import Judged, LastGood, Parameter, Parameters, Status
from switchboard.delivery import Configuration
from switchboard.destination import Delivery, Receipt
from switchboard.destination_documents import DestinationDocuments
from switchboard.errors import EventError
from switchboard.replays import Replay, Selected, planned_deliveries

GONE = "its event is no longer kept"


@dataclass(frozen=True, slots=True)
class Mapped:
    """A delivery as it would be sent; `error` says why it would be a dead letter instead."""

    event_id: str
    type: str
    generation: int
    mapping_version: int | None
    output: Mapping[str, Any] | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """The first deliveries, and counts of all."""

    first: list[Mapped]
    types: Mapping[str, int]
    errors: Mapping[str, int]


def preview(
    target: Target, replay: Replay, first: int, seen: Callable[[int], None] = lambda _: None
) -> Preview:
    """Map every delivery of `replay` and keep the `first` ones; `seen` is told how many.

    Raises:
        TargetError: the destination is not deployed.
        ConfigurationError: its documents are missing or broken.
    """
    events = EventRecords(target)
    configuration = _configuration(target, events, replay.destination)
    shown: list[Mapped] = []
    types: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for batch in batches(planned_deliveries(replay, Replays(target).chunks), BATCH_KEYS):
        keys = [Key(one.group, one.event_id) for one in batch]
        kept = {found.key: found for found in events.get(keys)}
        for one, key in zip(batch, keys, strict=True):
            mapped = _mapped(events, one, kept.get(key), configuration)
            types[mapped.type] += 1
            if mapped.error:
                errors[mapped.error] += 1
            if len(shown) < first:
                shown.append(mapped)
        seen(len(batch))
    return Preview(shown, dict(types), dict(errors))


def _mapped(
    events: EventRecords, one: Selected, kept: Kept | None, configuration: Configuration
) -> Mapped:
    pinned = configuration.pinned(one.mapping_version)
    version = pinned.mapping_version
    event = None if kept is None else events.whole(kept)
    if event is None or kept is None:
        return Mapped(one.event_id, "unknown", one.generation, version, None, GONE)
    try:
        if one.from_raw:
            event = events.anew(kept, event)
        output = pinned.mapped(event, kept.raw_ref)
    except EventError as error:
        return Mapped(one.event_id, event.type, one.generation, version, None, str(error))
    return Mapped(one.event_id, event.type, one.generation, version, output)


def _configuration(target: Target, events: EventRecords, name: str) -> Configuration:
    """The newest documents that the destination could deliver with, also while on trial."""
    kind = target.kinds().get(f"destinations/{name}")
    if kind is None:
        raise TargetError(f"no destination {name} is deployed in stage {target.stage}")
    table = target.core()["configuration_table"]
    judgements = _Reading(ConfigurationTable(table, dynamodb=target.client("dynamodb")))
    documents = DestinationDocuments(
        destination_kinds()[kind],
        name,
        parameters=Parameters(_TargetParameters(target), lambda: 0.0),
        candidates=Candidates(judgements, LastGood(judgements, _Silent()), lambda: 0.0),
        make=lambda _: _Nowhere(),
        key=key_of(target, name),
        gather=gathering(OfStage(target), events.payload),
    )
    good = documents.configuration()
    return good.candidate or good


@dataclass(frozen=True, slots=True)
class _TargetParameters:
    """See ParameterSource."""

    target: Target

    def fetch(self, names: Collection[str]) -> Mapping[str, Parameter]:
        prefix = f"/switchboard/{self.target.stage}/"
        answer = self.target.client("ssm").get_parameters(Names=[prefix + name for name in names])
        return {
            found["Name"].removeprefix(prefix): Parameter(found["Value"], found["Version"])
            for found in answer["Parameters"]
        }


@dataclass(frozen=True, slots=True)
class _Reading:
    """See ConfigurationStore: judges nothing for the functions."""

    table: ConfigurationTable

    def record(self, judged: Judged) -> Judged | None:
        """What is kept already: a look leaves no trace."""
        return self.table.version(judged.name, judged.version)

    def decide(
        self, name: str, version: int, status: Status, *, trial: str = "", reason: str = ""
    ) -> bool:
        """Nothing is changed."""
        del name, version, status, trial, reason
        return False

    def last_good(self, name: str) -> Judged | None:
        return self.table.last_good(name)

    def version(self, name: str, version: int) -> Judged | None:
        return self.table.version(name, version)


class _Silent:
    """See Telemetry: nothing is counted."""

    def count(self, name: str, value: float = 1, **more: Any) -> None:
        """Nothing."""

    def observe(self, name: str, value: float, *, source: str) -> None:
        """Nothing."""

    def took_seconds(self, name: str, seconds: float, **more: Any) -> None:
        """Nothing."""

    def warn(self, message: str, **fields: Any) -> None:
        """Nothing."""


class _Nowhere:
    """See Destination: nothing is sent."""

    def reference(self, delivery: Delivery) -> str:
        return delivery.reference

    def check(self, delivery: Delivery) -> bytes:
        """Nothing: the kind itself would ask for its secret."""
        del delivery
        return b""

    def send(self, delivery: Delivery) -> Receipt:
        raise EventError(f"a preview sends nothing, neither {delivery.key}")

    def find(self, delivery: Delivery) -> Receipt | None:
        del delivery
        return None
