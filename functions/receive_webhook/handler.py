"""The Lambda handler of `receive_webhook`."""

from functions.receive_webhook.wiring import wire
from switchboard.aws.runtime import handler
from switchboard.settings import ReceiverSettings

lambda_handler = handler(ReceiverSettings, wire)
