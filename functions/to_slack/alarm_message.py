"""An alarm as a Slack message: what happened, since when, a sample, and what to do. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from functions.to_slack.alarm import Alarm
from functions.to_slack.alarm_sample import Sample
from functions.to_slack.limits import LONGEST_TEXT, note, shortened, within_limits
from functions.to_slack.masking import masker
from functions.to_slack.message import (
    DIVIDER,
    Message,
    described,
    escaped,
    plain_fields,
    section,
)
from switchboard.errors import ReasonClass
from switchboard.event import utc_text
from switchboard.held import ROUTE
from switchboard.ledger import Entry
from switchboard.retry import advice

_SIGNS = {"ALARM": "🔴", "OK": "🟢"}
SHOWN_OF_ID = 12


def alarm_message(alarm: Alarm, sample: Sample | None = None) -> Message:
    """State and name, what to do, the cause with the values that crossed the threshold, a sample.

    It is masked whatever the destination's document says of personal data.
    """
    hide = masker({})
    sign = _SIGNS.get(alarm.state, "⚪")
    title = f"{sign} *{escaped(alarm.name)}*" + (f" {alarm.state}" if alarm.state else "")
    where = " · ".join(f"{name} {value}" for name, value in alarm.dimensions.items())
    lines = [alarm.at, where, hide(alarm.cause)]
    blocks = [section(title)]
    if alarm.what_to_do:
        blocks.append(section(escaped(hide(alarm.what_to_do))))
    blocks += [note(escaped(line)) for line in lines if line]
    if sample is not None:
        blocks += [DIVIDER, *_sampled(sample, alarm.dimensions.get("stage", ""))]
    return Message(shortened(f"{title} {alarm.what_to_do}", LONGEST_TEXT), within_limits(blocks))


def commands(entry: Entry, stage: str) -> Sequence[str]:
    """What an operator runs for a dead letter, word for word.

    What failed before it was fanned out has no delivery that could be sent again.
    """
    name, event = entry.destination, entry.event_id[:SHOWN_OF_ID]
    found = [f"switchboard dead show {name} {event} --stage {stage}"]
    if name != ROUTE:
        reason = entry.reason_class or ReasonClass.BUG
        found.append(f"switchboard replay plan {name} --reason {reason} --stage {stage}")
    return found


def _sampled(sample: Sample, stage: str) -> list[dict[str, Any]]:
    entry, event = sample.entry, sample.event
    hide = masker(None if event is None else event.data)
    reason = entry.reason_class or ReasonClass.BUG
    died = utc_text(datetime.fromtimestamp(entry.updated_at, UTC))
    why = escaped(hide(entry.reason))
    blocks = [
        section(f"*The newest dead letter*, of {died}: {reason}\n{why}\nDo: {advice(reason)}")
    ]
    if entry.answer:
        blocks.append(section(f"It was answered: {escaped(hide(entry.answer))}"))
    if event is not None:
        blocks += [dict(one) for one in described(event, plain_fields(event.data), hide).blocks]
    blocks.append(section("\n".join(f"`{command}`" for command in commands(entry, stage))))
    return blocks
