"""The Lambda handler that tells a stage's alarms to Slack, by the destination's own request."""

from typing import Any

from functions.to_slack.alarm import read_alarms
from functions.to_slack.alarm_message import alarm_message
from functions.to_slack.alarm_sample import Samples
from functions.to_slack.request import SlackDestination
from functions.to_slack.spec import SPEC
from switchboard.aws.dead_letter_index import DeadLetterIndex
from switchboard.aws.destinations import configured_documents
from switchboard.aws.recorded_events import RecordedEvents
from switchboard.aws.runtime import Handle, Invocation, handler
from switchboard.settings import AlarmSettings
from switchboard.telemetry import InvocationTelemetry


def _wire(settings: AlarmSettings, telemetry: InvocationTelemetry) -> Handle:
    documents = configured_documents(SPEC, SlackDestination, settings, telemetry)
    samples = Samples(
        DeadLetterIndex(settings.ledger_table), RecordedEvents(settings.events_table), telemetry
    )

    def handle(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:  # noqa: ARG001
        destination, withheld = documents.without_mapping()
        assert isinstance(destination, SlackDestination)  # noqa: S101 - made by the line above
        for alarm in read_alarms(event):
            sample = samples.of(alarm, withheld)
            destination.announce(alarm_message(alarm, sample), alarm.key)
        return {}

    return handle


lambda_handler = handler(AlarmSettings, _wire)
