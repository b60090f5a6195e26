"""The `configuration` table: every version of a document that was read, and what was found."""

from collections.abc import Mapping
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import Update, from_item, put_if, to_item, update_if
from switchboard.configuration import Judged, Status


class ConfigurationTable:
    """See ConfigurationStore. `dynamodb` is a client; without one, the sandbox's own."""

    def __init__(self, table: str, *, dynamodb: Any = None) -> None:
        self._table = table
        self._dynamodb = dynamodb

    def record(self, judged: Judged) -> Judged | None:
        """See ConfigurationStore."""
        item = to_item(
            {
                "name": judged.name,
                "version": judged.version,
                "status": judged.status,
                "text": judged.text,
                "reason": judged.reason,
            }
        )
        doing = "recording a document's version"
        absent = "attribute_not_exists(version)"
        found = put_if(self._table, item, absent, doing, dynamodb=self._dynamodb)
        return None if found is None else _judged(found)

    def decide(
        self, name: str, version: int, status: Status, *, trial: str = "", reason: str = ""
    ) -> bool:
        """See ConfigurationStore."""
        update = Update(
            "SET #status = :status, #reason = :reason" + (", #trial = :trial" if trial else ""),
            "attribute_exists(#version) AND #status <> :good AND attribute_not_exists(#trial)",
            {
                ":status": status,
                ":reason": reason or "valid",
                ":good": Status.GOOD,
                **({":trial": trial} if trial else {}),
            },
        )
        key = to_item({"name": name, "version": version})
        doing = "deciding on a document's version"
        return update_if(self._table, key, update, doing, dynamodb=self._dynamodb) is not None

    def last_good(self, name: str) -> Judged | None:
        """See ConfigurationStore."""
        with translated("looking for the last good document"):
            pages = (
                self._client()
                .get_paginator("query")
                .paginate(
                    TableName=self._table,
                    KeyConditionExpression="#name = :name",
                    FilterExpression="#status = :good",
                    ExpressionAttributeNames={"#name": "name", "#status": "status"},
                    ExpressionAttributeValues=to_item({":name": name, ":good": Status.GOOD}),
                    ScanIndexForward=False,
                )
            )
            for page in pages:
                for item in page["Items"]:
                    return _judged(from_item(item))
        return None

    def version(self, name: str, version: int) -> Judged | None:
        """See ConfigurationStore."""
        with translated("looking for a version of a document"):
            answer = self._client().query(
                TableName=self._table,
                KeyConditionExpression="#name = :name AND #version = :version",
                ExpressionAttributeNames={"#name": "name", "#version": "version"},
                ExpressionAttributeValues=to_item({":name": name, ":version": version}),
            )
        for item in answer["Items"]:
            return _judged(from_item(item))
        return None

    def _client(self) -> Any:
        return self._dynamodb or client("dynamodb")


def _judged(values: Mapping[str, Any]) -> Judged:
    return Judged(
        name=values["name"],
        version=int(values["version"]),
        status=Status(values["status"]),
        text=values["text"],
        reason=values.get("reason", ""),
        trial=values.get("trial", ""),
    )
