"""The queries behind the numbers of a proof, as anyone with the AWS CLI can repeat them."""

import json
from collections.abc import Mapping, Sequence
from datetime import date

from desk.proof.day import Proof
from desk.records.events import BY_DAY, partition
from desk.target import Target
from switchboard.events import SHARDS


def queries(target: Target, proof: Proof) -> Mapping[str, Sequence[str]]:
    """Commands by what they count. `GROUP` and `EVENT` are those of one line of the first."""
    core = target.core()
    events, ledger = str(core["events_table"]), str(core["ledger_table"])
    found: dict[str, Sequence[str]] = {
        f"captured from {source}": [
            _query(
                events,
                "source_day = :day",
                {":day": partition(source, proof.day, shard)},
                f"--index-name {BY_DAY} --select COUNT",
            )
            for shard in range(SHARDS)
        ]
        for source in sorted(proof.account.sources)
    }
    found["the destinations recorded for an event"] = [
        f"aws dynamodb get-item --table-name {events}"
        """ --key '{"group": {"S": "GROUP"}, "event_id": {"S": "EVENT"}}'"""
        " --query Item.destinations.S"
    ]
    found["where each of its deliveries is"] = [
        _query(
            ledger,
            "#group = :group AND begins_with(delivery, :event)",
            {":group": "GROUP", ":event": "EVENT#"},
            """--expression-attribute-names '{"#group": "group"}'""",
        )
    ]
    for name in sorted(proof.account.destinations):
        found[f"dead letters of {name} since the day"] = [_dead(ledger, name, proof.day)]
    urls = [core["ingest_queue_url"], core["ingest_bulk_queue_url"]]
    found["waiting for routing"] = [
        f"aws sqs get-queue-attributes --queue-url {url} --attribute-names All" for url in urls
    ]
    return found


def _dead(table: str, destination: str, day: date) -> str:
    return _query(
        table,
        "dead = :dead AND dead_at >= :since",
        {":dead": f"dead#{destination}", ":since": f"{day:%Y-%m-%d}"},
        "--index-name dead --select COUNT",
    )


def _query(table: str, condition: str, values: Mapping[str, str], more: str) -> str:
    given = json.dumps({name: {"S": value} for name, value in values.items()})
    return (
        f"aws dynamodb query --table-name {table} --key-condition-expression '{condition}'"
        f" --expression-attribute-values '{given}' {more}"
    )
