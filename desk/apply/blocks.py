"""A Slack mapping's blocks, held against the models of Slack's own SDK before they are applied."""

from datetime import UTC, datetime
from typing import Any

from switchboard.destination_documents import compile_mapping_document
from switchboard.errors import ConfigurationError, EventError
from switchboard.event import Event

SAMPLE = Event(
    id="sample",
    source="sample",
    type="sample",
    subject="sample",
    time=datetime(2026, 1, 1, tzinfo=UTC),
    data={},
    sourceeventid="sample",
)
"""An event without data: what a mapping writes itself is there, and all else is null."""


def check_blocks(name: str, text: str) -> None:
    """Hold the blocks that the mapping document `text` always makes against Slack's models.

    Raises:
        ConfigurationError: naming the block and what is wrong with it.
    """
    try:
        blocks = (
            compile_mapping_document(name, text, key=lambda: SAMPLE.id).apply(SAMPLE).get("blocks")
        )
    except EventError:
        return
    for number, block in enumerate(blocks if isinstance(blocks, list) else ()):
        problem = _problem(_filled(block))
        if problem:
            raise ConfigurationError(f"{name}: fields.blocks, block {number}: {problem}")


def _problem(block: Any) -> str:
    # Slack's SDK is the desk's alone, and half a second of import.
    from slack_sdk.errors import SlackObjectFormationError
    from slack_sdk.models.blocks import Block

    if not isinstance(block, dict):
        return "it is no object"
    try:
        parsed = Block.parse(block)
        if parsed is None:
            return f"Slack has no block of type {block.get('type')!r}"
        parsed.validate_json()
    except (SlackObjectFormationError, TypeError, AttributeError) as error:
        return str(error)
    return ""


def _filled(part: Any, name: str = "") -> Any:
    """`part` with a text for each that only a real event has."""
    if isinstance(part, dict):
        return {inner: _filled(value, inner) for inner, value in part.items()}
    if isinstance(part, list):
        return [_filled(one) for one in part]
    return "text" if part is None and name == "text" else part
