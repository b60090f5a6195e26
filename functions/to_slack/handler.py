"""The Lambda handler of `to_slack`."""

from functions.to_slack.request import SlackDestination
from functions.to_slack.spec import SPEC
from switchboard.aws.destinations import destination_handler

lambda_handler = destination_handler(SPEC, SlackDestination)
