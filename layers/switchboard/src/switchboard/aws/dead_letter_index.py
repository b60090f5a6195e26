"""The ledger's index of dead letters, as functions read it."""

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import from_item, to_item
from switchboard.aws.ledger_table import DEAD_INDEX, dead_key, entry_of
from switchboard.ledger import Entry


class DeadLetterIndex:
    """See DeadLetterReader."""

    def __init__(self, ledger_table: str) -> None:
        self._table = ledger_table

    def newest(self, destination: str) -> Entry | None:
        """See DeadLetterReader. One Query."""
        with translated("looking for the newest dead letter"):
            answer = client("dynamodb").query(
                TableName=self._table,
                IndexName=DEAD_INDEX,
                KeyConditionExpression="#dead = :dead",
                ExpressionAttributeNames={"#dead": "dead"},
                ExpressionAttributeValues=to_item({":dead": dead_key(destination)}),
                ScanIndexForward=False,
                Limit=1,
            )
        return next((entry_of(from_item(item)) for item in answer["Items"]), None)
