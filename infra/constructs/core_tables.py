"""The tables of a stage."""

from dataclasses import dataclass

from constructs import Construct

from infra.constructs.tables import Table
from infra.names import Names


@dataclass(frozen=True, slots=True)
class CoreTables:
    """What is recorded, when to look at it, what became of it, how things stand, what is known."""

    events: Table
    timers: Table
    ledger: Table
    state: Table
    configuration: Table
    reference: Table


def core_tables(scope: Construct, names: Names, *, retain: bool) -> CoreTables:
    """Make them, under the ids that they have had from the beginning."""
    group, name = ("group", "S"), ("name", "S")
    events = Table(
        scope,
        "Events",
        name=names.table("events"),
        keys=[group, ("event_id", "S")],
        retain=retain,
        indexes=[
            ("by-source-day", [("source_day", "S"), ("event_id", "S")], "KEYS_ONLY"),
            # Sparse: the held events of paused sources, the groups of a partition in order.
            ("held", [("held", "S"), group], "KEYS_ONLY"),
        ],
    )
    timers = Table(
        scope,
        "Timers",
        name=names.table("timers"),
        keys=[("bucket", "S"), ("place", "S")],
        retain=retain,
    )
    ledger = Table(
        scope,
        "Ledger",
        name=names.table("ledger"),
        keys=[group, ("delivery", "S")],
        retain=retain,
        indexes=[("dead", [("dead", "S"), ("dead_at", "S")], "ALL")],
    )
    state = Table(scope, "State", name=names.table("state"), keys=[("item", "S")], retain=retain)
    configuration = Table(
        scope,
        "Configuration",
        name=names.table("configuration"),
        keys=[name, ("version", "N")],
        retain=retain,
    )
    reference = Table(
        scope,
        "Reference",
        name=names.table("reference"),
        keys=[("table", "S"), ("key", "S")],
        retain=retain,
    )
    return CoreTables(events, timers, ledger, state, configuration, reference)
