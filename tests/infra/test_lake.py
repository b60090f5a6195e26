"""The catalogue's tables against the objects that are really written, and their columns."""

import gzip
import json
import re
from datetime import UTC, date, datetime
from typing import Any

from functions.compact_archive.compacting import Compacting
from switchboard.archive import RawLine, encode_lines, object_key
from switchboard.envelope import Raw
from switchboard.event import Event
from switchboard.testing.archived_hours import MemoryHours
from switchboard.testing.deliveries import make_event

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
DAY = "2026/11/24"
JSON = {"string": str, "boolean": bool, "bigint": int}


def tables(laptop: Any) -> dict[str, dict[str, Any]]:
    found = [properties["TableInput"] for _, _, properties in laptop.resources("AWS::Glue::Table")]
    return {one["Name"]: one for one in found}


def path_of(location: Any) -> str:
    """What of a location comes after the bucket."""
    separator, parts = location["Fn::Join"]
    assert separator == ""
    assert parts[0] == "s3://"
    assert set(parts[1]) == {"Ref"}
    return "".join(parts[2:]).removeprefix("/")


def written() -> dict[str, list[dict[str, Any]]]:
    """The lines of every object that a batch and a night leave behind, by key."""
    event = make_event(1).model_copy(update={"time": AT, "subject": "s"})
    raw = Raw(kind="hmac", body="{}", received_at="2026-11-24T09:30:00.000Z")
    line = RawLine(event.id, event.source, event.time, raw, event)
    hours = MemoryHours()
    hours.kept[object_key([line])] = encode_lines([line])
    Compacting(hours, lambda: 0.0).run(date(2026, 11, 25), 1e9)
    return {
        key: [json.loads(one) for one in gzip.decompress(body).splitlines()]
        for key, body in hours.kept.items()
    }


def under(path: str) -> list[dict[str, Any]]:
    return [line for key, lines in written().items() if key.startswith(path) for line in lines]


def test_projected_places_are_those_of_the_objects(laptop: Any) -> None:
    found = tables(laptop)
    raw, events = (
        path_of(found[name]["Parameters"]["storage.location.template"])
        for name in ("raw", "events")
    )
    for layer in ("raw", "compacted"):
        assert len(under(raw.replace("${layer}", layer).replace("${day}", DAY))) == 1
    assert len(under(events.replace("${day}", DAY))) == 1
    for table in found.values():
        named = re.findall(
            r"\$\{(\w+)\}", path_of(table["Parameters"]["storage.location.template"])
        )
        assert named == [key["Name"] for key in table["PartitionKeys"]]
        parameters = table["Parameters"]
        assert parameters["projection.enabled"] == "true"
        assert parameters["projection.day.format"] == "yyyy/MM/dd"
        assert f"{AT:%Y/%m/%d}" == DAY


def test_days_are_projected_for_as_long_as_objects_are_kept(laptop: Any) -> None:
    ((_, _, bucket),) = laptop.resources("AWS::S3::Bucket")
    kept = {
        rule["Prefix"]: rule["ExpirationInDays"]
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if "Prefix" in rule
    }
    ranges = {
        name: table["Parameters"]["projection.day.range"] for name, table in tables(laptop).items()
    }
    assert ranges == {
        "raw": f"NOW-{kept['compacted/']}DAYS,NOW",
        "events": f"NOW-{kept['modelled/']}DAYS,NOW",
    }
    assert kept["raw/"] == kept["claims/"] > 90


def test_columns_are_those_of_the_lines(laptop: Any) -> None:
    for name, path in (("raw", f"compacted/{DAY}"), ("events", f"modelled/{DAY}")):
        columns = {
            column["Name"]: column["Type"]
            for column in tables(laptop)[name]["StorageDescriptor"]["Columns"]
        }
        (line,) = under(path)
        assert {column: type(line[column]) for column in line} == {
            column: JSON[kind] for column, kind in columns.items()
        }
    assert set(Event.model_fields) == set(line)
    # As it came, a line says the same and what was made of it.
    (came,) = under(f"raw/{DAY}")
    (compacted,) = under(f"compacted/{DAY}")
    assert {name: came[name] for name in compacted} == compacted
