"""Interactions as files: events as 8x8 sends them, shortened, and the record they fold to.

`python -m tests.switchboard.interactions.stories` writes the records anew; review the difference.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from switchboard.envelope import Raw
from switchboard.event import Event
from switchboard.interactions import Interaction, fold
from switchboard.sources.stream import normalise, stream_event

GOLDENS = Path(__file__).parent / "goldens"
BEGAN = 1_788_250_210
NOW = datetime(2026, 9, 1, tzinfo=UTC)


def stream_events(common: Mapping[str, Any], told: Sequence[Mapping[str, Any]]) -> Iterator[Event]:
    """Events as the router has them. `at` is in seconds after the first."""
    for number, one in enumerate(told):
        own = dict(one)
        seconds = BEGAN + own.pop("at")
        info = {"instanceId": "node-1", "sequenceId": number, "timestamp": seconds * 1000 + 188}
        fields = {**common, **own, "interactionEventTS": seconds, "eventTS": BEGAN, "msgInfo": info}
        body = json.dumps({"Interaction": fields})
        received = stream_event("acme-stream", body.encode(), NOW)
        yield normalise(received.event, Raw(kind="stream", body=body, received_at=""))


def golden(name: str) -> tuple[Sequence[Event], Any]:
    """A golden's events, and its record."""
    document = json.loads((GOLDENS / f"{name}.json").read_text())
    return list(stream_events(document["common"], document["events"])), document["record"]


def names() -> Sequence[str]:
    """The goldens there are."""
    return sorted(path.stem for path in GOLDENS.glob("*.json"))


def shown(record: Interaction) -> Any:
    """A record as a golden has it: what is as it is by default is left out."""
    return record.model_dump(mode="json", exclude_defaults=True)


def write() -> None:
    """Write every record as it is folded now; the events stay as they are written."""
    for name in names():
        path = GOLDENS / f"{name}.json"
        before = path.read_text().partition('  "record":')[0]
        record = json.dumps(shown(fold(golden(name)[0])), indent=2, ensure_ascii=False)
        indented = record.replace("\n", "\n  ")
        path.write_text(f'{before}  "record": {indented}\n}}\n')


if __name__ == "__main__":
    write()
