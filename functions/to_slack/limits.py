"""What Slack takes of a message: longer texts are shortened with a mark, more blocks left out.

https://docs.slack.dev/reference/block-kit/blocks
"""

from collections.abc import Mapping, Sequence
from typing import Any

MARK = "…"
NOTHING = "-"
"""Instead of a text that is empty, which Slack refuses."""

LONGEST_TEXT = 40_000
MOST_BLOCKS = 50
LONGEST_PLACE = 3000
_LONGEST = {"header": 150, "button": 75, "markdown": 12_000, "field": 2000}
_MOST = {"section": ("fields", 10), "context": ("elements", 10), "actions": ("elements", 25)}
_PLAIN_PLACES = {"alt_text": 2000, "value": 2000, "image_url": 3000, "url": 3000}


def shortened(text: Any, longest: int) -> str:
    """`text` as Slack takes it: no lone surrogates, no NUL, not empty, and not too long."""
    written = "" if text is None else str(text)
    clean = written.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    if not clean.strip():
        return NOTHING
    return clean if len(clean) <= longest else clean[: longest - len(MARK)] + MARK


def within_limits(blocks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """At most fifty blocks, the last of which says how many were left out."""
    kept = [_fitted(block, str(block.get("type", ""))) for block in blocks[:MOST_BLOCKS]]
    if len(blocks) > MOST_BLOCKS:
        kept[-1] = note(f"{MARK} {len(blocks) - MOST_BLOCKS + 1} more were left out")
    return kept


def note(text: str) -> dict[str, Any]:
    """A small line."""
    return {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": shortened(text, LONGEST_PLACE)}],
    }


def _fitted(part: Mapping[str, Any], place: str) -> dict[str, Any]:
    """A block or an element of one, every text of it within its limit."""
    fitted = dict(part)
    if place in _MOST:
        name, most = _MOST[place]
        if isinstance(fitted.get(name), list):
            inner = "field" if name == "fields" else ""
            fitted[name] = [_inner(one, inner) for one in fitted[name][:most]]
    if "text" in fitted:
        fitted["text"] = _text(fitted["text"], place)
    for name, longest in _PLAIN_PLACES.items():
        if isinstance(fitted.get(name), str):
            fitted[name] = shortened(fitted[name], longest)
    if isinstance(fitted.get("accessory"), dict):
        fitted["accessory"] = _inner(fitted["accessory"], "")
    return fitted


def _inner(part: Any, place: str) -> Any:
    return _fitted(part, place or str(part.get("type", ""))) if isinstance(part, dict) else part


def _text(text: Any, place: str) -> Any:
    longest = _LONGEST.get(place, LONGEST_PLACE)
    if isinstance(text, dict):
        return {**text, "text": shortened(text.get("text"), longest)}
    return shortened(text, longest)
