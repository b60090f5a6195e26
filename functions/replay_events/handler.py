"""The Lambda handler of `replay_events`."""

from functions.replay_events.wiring import wire
from switchboard.aws.runtime import handler
from switchboard.settings import ReplaySettings

lambda_handler = handler(ReplaySettings, wire)
