"""Trials in the `state` table: one item for each, and one for a destination's outcomes of an hour.

Items expire after two days; by then their trial is long decided, or nobody tries it any more.
"""

from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import Update, from_item, to_item, update_if
from switchboard.trial import DELIVERIES, HOUR, Ending, Outcomes, Tally, Verdict

KEPT_SECONDS = 48 * HOUR


class TrialTable:
    """See TrialStore."""

    def __init__(self, table: str) -> None:
        self._table = table

    def take(self, key: str, now: float) -> bool:
        """See TrialStore."""
        update = Update(
            "SET #taken_at = :now, #expires_at = :end ADD #taken :one",
            "attribute_not_exists(#taken) OR"
            " (#taken < :deliveries AND attribute_not_exists(#verdict))",
            {
                ":now": now,
                ":end": int(now) + KEPT_SECONDS,
                ":one": 1,
                ":deliveries": DELIVERIES,
            },
        )
        return update_if(self._table, _trial(key), update, "counting a trial") is not None

    def settle(self, key: str, ending: Ending) -> Tally:
        """See TrialStore."""
        update = Update(
            f"ADD #{ending} :one",
            "attribute_exists(#taken) AND attribute_not_exists(#verdict)",
            {":one": 1},
        )
        found = update_if(self._table, _trial(key), update, "counting a trial")
        return self.read(key) if found is None else _tally(found)

    def read(self, key: str) -> Tally:
        """See TrialStore."""
        return _tally(self._item(_trial(key), "reading a trial"))

    def conclude(self, key: str, verdict: Verdict) -> Verdict:
        """See TrialStore."""
        update = Update(
            "SET #verdict = :verdict", "attribute_not_exists(#verdict)", {":verdict": verdict}
        )
        if update_if(self._table, _trial(key), update, "deciding a trial") is not None:
            return verdict
        return self.read(key).verdict or verdict

    def add(self, destination: str, hour: int, outcomes: Outcomes) -> None:
        """See TrialStore."""
        update = Update(
            "SET #expires_at = :end ADD #delivered :delivered, #failed :failed",
            "attribute_not_exists(#expires_at) OR #expires_at = :end",
            {
                ":end": hour * HOUR + KEPT_SECONDS,
                ":delivered": outcomes.delivered,
                ":failed": outcomes.failed,
            },
        )
        update_if(self._table, _outcomes(destination, hour), update, "counting outcomes")

    def outcomes(self, destination: str, hour: int) -> Outcomes:
        """See TrialStore."""
        values = self._item(_outcomes(destination, hour), "reading outcomes")
        return Outcomes(int(values.get("delivered", 0)), int(values.get("failed", 0)))

    def _item(self, key: dict[str, Any], doing: str) -> dict[str, Any]:
        with translated(doing):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=key, ConsistentRead=True
            )
        return from_item(answer.get("Item", {}))


def _trial(key: str) -> dict[str, Any]:
    return to_item({"item": f"canary#{key}"})


def _outcomes(destination: str, hour: int) -> dict[str, Any]:
    return to_item({"item": f"outcomes#{destination}#{hour}"})


def _tally(values: dict[str, Any]) -> Tally:
    verdict = values.get("verdict")
    return Tally(
        taken=int(values.get("taken", 0)),
        delivered=int(values.get("delivered", 0)),
        failed=int(values.get("failed", 0)),
        other=int(values.get("other", 0)),
        taken_at=float(values.get("taken_at", 0.0)),
        verdict=None if verdict is None else Verdict(verdict),
    )
