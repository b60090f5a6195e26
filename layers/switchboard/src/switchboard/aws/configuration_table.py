"""The `configuration` table: every version of a document that was read, and what was found."""

from collections.abc import Mapping
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import Update, from_item, put_if, to_item, update_if
from switchboard.configuration import Judged, Status


class ConfigurationTable:
    """See ConfigurationStore."""

    def __init__(self, table: str) -> None:
        self._table = table

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
        found = put_if(
            self._table, item, "attribute_not_exists(version)", "recording a document's version"
        )
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
        return update_if(self._table, key, update, "deciding on a document's version") is not None

    def last_good(self, name: str) -> Judged | None:
        """See ConfigurationStore."""
        with translated("looking for the last good document"):
            pages = (
                client("dynamodb")
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
            answer = client("dynamodb").query(
                TableName=self._table,
                KeyConditionExpression="#name = :name AND #version = :version",
                ExpressionAttributeNames={"#name": "name", "#version": "version"},
                ExpressionAttributeValues=to_item({":name": name, ":version": version}),
            )
        for item in answer["Items"]:
            return _judged(from_item(item))
        return None


def _judged(values: Mapping[str, Any]) -> Judged:
    return Judged(
        name=values["name"],
        version=int(values["version"]),
        status=Status(values["status"]),
        text=values["text"],
        reason=values.get("reason", ""),
        trial=values.get("trial", ""),
    )
