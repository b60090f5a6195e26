"""The Lambda handler of `fire_timers`."""

from functions.fire_timers.wiring import wire
from switchboard.aws.runtime import handler
from switchboard.settings import TimerSettings

lambda_handler = handler(TimerSettings, wire)
