"""`python -m functions.stream_reader`: read until SIGTERM. Everything is in the environment."""

import argparse
import asyncio
import sys

from aws_lambda_powertools.logging import Logger

from functions.stream_reader.wiring import read_all
from switchboard.errors import ConfigurationError
from switchboard.settings import ReaderSettings
from switchboard.telemetry import InvocationTelemetry


def main() -> None:
    """Read the sources that the environment names."""
    argparse.ArgumentParser(
        prog="python -m functions.stream_reader",
        description="Reads the stage's event streams into its ingest queues until SIGTERM. The"
        " stack sets its environment: SWITCHBOARD_STAGE, SWITCHBOARD_SOURCES and the names of"
        " queues and tables.",
    ).parse_args()
    try:
        settings = ReaderSettings.from_environment()
    except ConfigurationError as error:
        sys.exit(f"stream_reader: {error}")
    telemetry = InvocationTelemetry(settings.stage, Logger(service="stream_reader"), "minute")
    asyncio.run(read_all(settings, telemetry))


if __name__ == "__main__":
    main()
