"""Held events: those of a paused source, until they are released or discarded.

A release is an order to the router itself: its own deliveries are in the ledger under `ROUTE`. It
has a generation of its own, because the router closed the event's first way when it held it.
"""

from switchboard.envelope import DeliveryOrder
from switchboard.events import SHARDS, shard_of

ROUTE = "route"
RELEASED = 1


def release_order(run: str) -> DeliveryOrder:
    """The order to release a held event; `run` is the id of a replay (`replay_id`)."""
    return DeliveryOrder(only=ROUTE, replay=run, generation=RELEASED)


def is_release(order: DeliveryOrder | None) -> bool:
    """Whether an envelope with `order` was held, and is to be routed now."""
    return order is not None and order.only == ROUTE


def held_shard(source: str, group: str) -> str:
    """The partition of the index of held events; a group is whole in one of them."""
    return f"{source}#{shard_of(group)}"


def held_by(shard: str) -> str:
    """The source that holds what is in this partition of the index."""
    return shard.rpartition("#")[0]


def held_shards(source: str) -> list[str]:
    """Every partition of a source's held events."""
    return [f"{source}#{shard}" for shard in range(SHARDS)]
