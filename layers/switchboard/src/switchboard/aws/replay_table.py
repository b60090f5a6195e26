"""Replays in the `state` table: `replay#ID` each, and `replays`, the set of those that run."""

from collections.abc import Sequence
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import Plain, Update, from_item, put_if, to_item, update_if
from switchboard.errors import Unavailable
from switchboard.replays import Replay, ReplayStatus

RUNNING = "replays"


class ReplayTable:
    """See ReplayStore. `dynamodb` is a client; without one, the sandbox's own."""

    def __init__(self, table: str, *, dynamodb: Any = None) -> None:
        self._table = table
        self._dynamodb = dynamodb

    def create(self, replay: Replay) -> None:
        """See ReplayStore."""
        item = to_item({"item": _key(replay.id), **replay.model_dump(mode="json")})
        doing = "keeping a replay's plan"
        absent = "attribute_not_exists(planned_at)"
        if put_if(self._table, item, absent, doing, dynamodb=self._dynamodb) is not None:
            raise Unavailable(f"{doing}: there is one of the id {replay.id}; plan it again")

    def read(self, replay_id: str) -> Replay | None:
        """See ReplayStore."""
        found = self._get(_key(replay_id))
        return Replay.model_validate(found) if found else None

    def start(self, replay_id: str, now: float) -> Replay | None:
        """See ReplayStore. The set is written first: what runs is never passed over."""
        self._set("ADD", replay_id)
        started = self._move(replay_id, ReplayStatus.RUNNING, now)
        if started is None:
            self._set("DELETE", replay_id)
        return started

    def cancel(self, replay_id: str, now: float) -> Replay | None:
        """See ReplayStore."""
        cancelled = self._move(replay_id, ReplayStatus.CANCELLED, now)
        self._set("DELETE", replay_id)
        return cancelled

    def advance(self, replay: Replay, now: float) -> bool:
        """See ReplayStore. A write that botocore repeated is harmless: it says the same."""
        ended = replay.position >= replay.total
        values: dict[str, Plain] = {
            ":running": ReplayStatus.RUNNING,
            ":status": ReplayStatus.SENT if ended else ReplayStatus.RUNNING,
            ":position": replay.position,
            ":gone": replay.gone,
            ":now": now,
        }
        noted = self._update(
            replay.id,
            "SET #status = :status, #position = :position, #gone = :gone, #updated_at = :now",
            "#status = :running AND #position <= :position",
            values,
        )
        if noted is None:
            return False
        if ended:
            self._set("DELETE", replay.id)
        return True

    def running(self) -> Sequence[str]:
        """See ReplayStore."""
        return sorted(self._get(RUNNING).get("ids", ()))

    def _move(self, replay_id: str, status: ReplayStatus, now: float) -> Replay | None:
        values: dict[str, Plain] = {":status": status, ":sent": ReplayStatus.SENT, ":now": now}
        found = self._update(
            replay_id,
            "SET #status = :status, #updated_at = :now",
            "attribute_exists(#item) AND #status <> :sent",
            values,
        )
        return None if found is None else Replay.model_validate(found)

    def _update(
        self, replay_id: str, expression: str, condition: str, values: dict[str, Plain]
    ) -> dict[str, Any] | None:
        key = to_item({"item": _key(replay_id)})
        update = Update(expression, condition, values)
        doing = "writing a replay's progress"
        return update_if(self._table, key, update, doing, dynamodb=self._dynamodb)

    def _get(self, item: str) -> dict[str, Any]:
        with translated("reading a replay"):
            answer = self._client().get_item(
                TableName=self._table, Key=to_item({"item": item}), ConsistentRead=True
            )
        return from_item(answer.get("Item", {}))

    def _set(self, verb: str, replay_id: str) -> None:
        """Add to the set of those that run, or take from it; both are harmless when repeated."""
        with translated("noting which replays run"):
            self._client().update_item(
                TableName=self._table,
                Key=to_item({"item": RUNNING}),
                UpdateExpression=f"{verb} #ids :ids",
                ExpressionAttributeNames={"#ids": "ids"},
                ExpressionAttributeValues={":ids": {"SS": [replay_id]}},
            )

    def _client(self) -> Any:
        return self._dynamodb or client("dynamodb")


def _key(replay_id: str) -> str:
    return f"replay#{replay_id}"
