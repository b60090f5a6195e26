"""What `to_slack` is."""

from functions.to_slack.settings import SlackDeployTime, SlackDocument
from switchboard.destination import DestinationSpec, LanePer, ParcelSpec, Repeat

REQUEST_SECONDS = 10

SPEC = DestinationSpec(
    kind="slack",
    folder="to_slack",
    summary="A Slack channel: a message per event, in a thread per interaction.",
    documentation="https://docs.slack.dev/reference/methods/chat.postMessage",
    document=SlackDocument,
    deploy_time=SlackDeployTime,
    repeat=Repeat.READ_BACK,
    repeat_choices=(Repeat.READ_BACK, Repeat.AT_MOST_ONCE, Repeat.AT_LEAST_ONCE),
    lane_per=LanePer.EVENT,
    secret_fields=("bot_token", "webhook_url"),
    secret_alternatives=True,
    parcels=ParcelSpec(
        repeat=Repeat.READ_BACK, largest_count=10, largest_bytes=100_000, coalesces=True
    ),
    alarms="alarms",
    vendor_timeout_seconds=REQUEST_SECONDS,
)
