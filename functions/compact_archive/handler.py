"""The Lambda handler of `compact_archive`."""

from functions.compact_archive.wiring import wire
from switchboard.aws.runtime import handler
from switchboard.settings import Settings

lambda_handler = handler(Settings, wire)
