"""What `to_webhook` is."""

from functions.to_webhook.settings import WebhookDeployTime, WebhookDocument
from switchboard.destination import DestinationSpec, ParcelSpec, Records, Repeat

SPEC = DestinationSpec(
    kind="webhook",
    folder="to_webhook",
    summary="Any https endpoint, signed as Standard Webhooks says.",
    documentation="https://www.standardwebhooks.com",
    document=WebhookDocument,
    deploy_time=WebhookDeployTime,
    repeat=Repeat.NATIVE,
    repeat_choices=(Repeat.NATIVE, Repeat.AT_MOST_ONCE, Repeat.AT_LEAST_ONCE),
    records=Records.BY_DOCUMENT,
    secret_fields=("signing_secret",),
    vendor_timeout_seconds=10,
    parcels=ParcelSpec(repeat=Repeat.NATIVE, largest_count=100, largest_bytes=1_000_000),
)
