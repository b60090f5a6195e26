"""The compacting with its adapters to AWS."""

import time
from datetime import UTC, datetime
from typing import Any

from functions.compact_archive.compacting import Compacting
from switchboard.aws.archived_hours import ArchiveHours
from switchboard.aws.runtime import Handle, Invocation
from switchboard.errors import Unavailable
from switchboard.settings import Settings
from switchboard.telemetry import InvocationTelemetry


def wire(settings: Settings, telemetry: InvocationTelemetry) -> Handle:
    """The compacting of one sandbox."""
    del telemetry
    compacting = Compacting(ArchiveHours(settings.archive_bucket), time.time)

    def handle(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:  # noqa: ARG001
        now = time.time()
        today = datetime.fromtimestamp(now, UTC).date()
        done = compacting.run(today, invocation.deadline(now))
        if done.left:
            # Lambda invokes it twice more after an error; an alarm tells where that is too little.
            raise Unavailable(
                f"compacting the archive: {done.made} hours are made, and {done.left} are left for"
                " want of time; the next invocation goes on"
            )
        return done.model_dump()

    return handle
