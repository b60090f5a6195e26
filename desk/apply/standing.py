"""How far a stage's documents are: on trial, good or refused, for each destination they serve."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from desk.target import Target
from switchboard.aws.items import from_item, to_item
from switchboard.configuration import Status
from switchboard.destination_documents import mapping_judged_as
from switchboard.trial import DELIVERIES, trial_key

NOW = "applied with --now, without a trial"


class NamesMapping(BaseModel):
    """What is read of a destination's document here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    mapping: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is kept of the newest version of a document that was read, at one destination."""

    name: str
    destination: str
    version: int
    status: Status
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A judgement and, while it is on trial, how many deliveries ended how."""

    judgement: Judgement
    delivered: int = 0
    failed: int = 0

    @property
    def text(self) -> str:
        """For people."""
        judged = self.judgement
        what = f"{judged.name} version {judged.version}, at {judged.destination}"
        if judged.status is Status.REFUSED:
            return f"{what}: refused; the last good version serves. {judged.reason}"
        return (
            f"{what}: on trial; of {DELIVERIES} deliveries {self.delivered} went well and"
            f" {self.failed} failed"
        )


def judged_names(documents: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Each document that is tried: its name, its destination, and the name it is judged under."""
    for name, text in sorted(documents.items()):
        folder, _, destination = name.partition("/")
        if folder != "destinations":
            continue
        yield name, destination, name
        mapping = _mapping(text)
        if mapping is not None:
            yield f"mappings/{mapping}", destination, mapping_judged_as(mapping, destination)


def _mapping(text: str) -> str | None:
    """The mapping that a document names; what is broken in SSM names none."""
    try:
        return NamesMapping.model_validate_json(text).mapping
    except ValidationError:
        return None


def standings(target: Target, documents: Mapping[str, str]) -> Sequence[Standing]:
    """Those of `documents` that are on trial or refused."""
    core = target.core()
    dynamodb = target.client("dynamodb")
    found = {
        judged_as: judgement
        for name, destination, judged_as in judged_names(documents)
        if (judgement := _newest(dynamodb, core, name, destination, judged_as)) is not None
    }
    tried: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for judged_as, judgement in found.items():
        if judgement.status is Status.CANDIDATE:
            tried[judgement.destination].append((judged_as, judgement.version))
    tallies = {
        destination: _tally(dynamodb, core, trial_key(destination, versions))
        for destination, versions in tried.items()
    }
    return [
        Standing(
            judgement,
            int(tallies.get(judgement.destination, {}).get("delivered", 0)),
            int(tallies.get(judgement.destination, {}).get("failed", 0)),
        )
        for judgement in found.values()
    ]


def _newest(
    dynamodb: Any, core: Mapping[str, Any], name: str, destination: str, judged_as: str
) -> Judgement | None:
    answer = dynamodb.query(
        TableName=core["configuration_table"],
        KeyConditionExpression="#name = :name",
        ExpressionAttributeNames={"#name": "name"},
        ExpressionAttributeValues=to_item({":name": judged_as}),
        ScanIndexForward=False,
        Limit=1,
    )
    for item in answer["Items"]:
        values = from_item(item)
        status = Status(values["status"])
        if status is not Status.GOOD:
            reason = str(values.get("reason", ""))
            return Judgement(name, destination, int(values["version"]), status, reason)
    return None


def _tally(dynamodb: Any, core: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    answer = dynamodb.get_item(
        TableName=core["state_table"], Key=to_item({"item": f"canary#{key}"}), ConsistentRead=True
    )
    return from_item(answer.get("Item", {}))


def call_good(
    target: Target, documents: Mapping[str, str], name: str, version: int, text: str
) -> None:
    """Call a version of a document good by the operator's word, at each destination it serves.

    What a trial has refused stays refused.
    """
    dynamodb = target.client("dynamodb")
    for document, _, judged_as in judged_names(documents):
        if document != name:
            continue
        try:
            dynamodb.update_item(
                TableName=target.core()["configuration_table"],
                Key=to_item({"name": judged_as, "version": version}),
                UpdateExpression="SET #status = :good, #text = :text, #reason = :reason",
                ConditionExpression="attribute_not_exists(#trial)",
                ExpressionAttributeNames={
                    "#status": "status",
                    "#text": "text",
                    "#reason": "reason",
                    "#trial": "trial",
                },
                ExpressionAttributeValues=to_item(
                    {":good": Status.GOOD, ":text": text, ":reason": NOW}
                ),
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            continue
