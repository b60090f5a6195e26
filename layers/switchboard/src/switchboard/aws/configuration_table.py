"""The `configuration` table: every version of a document that was read, and what was found."""

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import from_item, put_if, to_item
from switchboard.configuration import Judged, Status


class ConfigurationTable:
    """See ConfigurationStore."""

    def __init__(self, table: str) -> None:
        self._table = table

    def record(self, judged: Judged) -> None:
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
        put_if(self._table, item, "attribute_not_exists(version)", "recording a document's version")

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
                    values = from_item(item)
                    return Judged(name, int(values["version"]), Status.GOOD, values["text"])
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
            values = from_item(item)
            reason = values.get("reason", "")
            return Judged(name, version, Status(values["status"]), values["text"], reason)
        return None
