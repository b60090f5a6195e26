"""The Lambda handler of `control_destinations`."""

from functions.control_destinations.wiring import wire
from switchboard.aws.runtime import handler
from switchboard.settings import Settings

lambda_handler = handler(Settings, wire)
