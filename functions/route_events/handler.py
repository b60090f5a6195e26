"""The Lambda handler of `route_events`."""

from functions.route_events.wiring import wire
from switchboard.aws.runtime import handler
from switchboard.settings import RouterSettings

lambda_handler = handler(RouterSettings, wire)
