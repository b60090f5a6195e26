"""The page on the streams knows every metric that the reader counts, and every alarm's."""

import re
from pathlib import Path

from functions.stream_reader.gaps import Cause
from functions.stream_reader.watch import End
from infra.constructs.stream_alarms import WATCHES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "watch-the-streams.md").read_text()
COUNTED = re.compile(r'\.(?:count|event|peak|gauge)\(\s*"([a-z_]+)"')


def counted() -> set[str]:
    modules = (ROOT / "functions" / "stream_reader").glob("*.py")
    return {name for module in modules for name in COUNTED.findall(module.read_text())}


def told() -> set[str]:
    rows = PAGE.partition("## Why")[0]
    return {name for line in rows.splitlines() if line.startswith("| `") for name in named(line)}


def named(line: str) -> list[str]:
    return re.findall(r"`([a-z_]+)`", line.split("|")[1])


def test_every_metric_is_explained_and_no_other() -> None:
    assert told() == counted() | {"document_refused"}


def test_every_alarm_is_on_a_metric_that_is_counted() -> None:
    routed = {"drift"}  # counted where events are routed: see test_stage_metrics
    assert {watch.metric for watch in WATCHES} - routed <= told()
    assert "watch-for-drift.md" in PAGE


def test_every_cause_is_explained() -> None:
    for cause in (*Cause, *End):
        assert f"| `{cause}` |" in PAGE
