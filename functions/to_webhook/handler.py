"""The Lambda handler of `to_webhook`."""

from functions.to_webhook.request import WebhookDestination
from functions.to_webhook.spec import SPEC
from switchboard.aws.destinations import destination_handler

lambda_handler = destination_handler(SPEC, WebhookDestination)
