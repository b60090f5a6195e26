"""The page on a stage knows every metric that is counted of sources and destinations."""

import re
from pathlib import Path

from infra.constructs.signals import OF_DESTINATIONS, OF_SOURCES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "watch-a-stage.md").read_text()
CODE = [
    *(ROOT / "layers" / "switchboard" / "src" / "switchboard").rglob("*.py"),
    *(
        path
        for path in (ROOT / "functions").rglob("*.py")
        if path.parent.name != "stream_reader"  # a page of its own
    ),
]
TOLD = re.compile(r'(?:count|took_seconds)\(\s*"([a-z_]+)"')


def counted() -> set[str]:
    return {name for path in CODE for name in TOLD.findall(path.read_text())}


def explained() -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", PAGE))


def test_every_metric_is_explained() -> None:
    assert counted() - explained() == set()


def test_every_signal_is_on_a_metric_that_is_explained() -> None:
    used = {
        metric
        for signal in (*OF_DESTINATIONS, *OF_SOURCES)
        for metric, _ in signal.metrics.values()
    }
    assert used <= explained()
