"""What is watched of each stream source: the cause of each alarm, and the step to take."""

from dataclasses import dataclass

from constructs import Construct

from infra.constructs.alarms import Alarms
from infra.constructs.source_alarms import DRIFT

LATE_SECONDS = 10 * 60
"""Of an event behind its frame's time: from here on the reader is catching up."""

UNACKNOWLEDGED_MILLISECONDS = 60_000
REFUSED_HANDSHAKES = 5
SQS_REFUSALS = 20


@dataclass(frozen=True, slots=True)
class Watch:
    """One alarm. `description` may hold {source}, {logs} (a command), {cluster}, {service}."""

    metric: str
    ending: str
    description: str
    threshold: float = 1
    statistic: str = "Sum"
    heartbeat: bool = False


WATCHES = (
    Watch(
        "alive",
        "alive",
        "Act now: nobody reads the source {source}; the stream keeps its events only for a while."
        " The task does not start or hangs. Run `aws ecs describe-services --cluster {cluster}"
        " --services {service}`: its events say why; then {logs}.",
        heartbeat=True,
    ),
    Watch(
        "configuration_errors",
        "configuration",
        "Act now: the source {source} is not read, because its secret or document is missing or"
        " wrong. Run `switchboard secrets set sources/{source}` or `switchboard apply DOCUMENTS`;"
        " it goes on by itself.",
    ),
    Watch(
        "document_refused",
        "document",
        "The new document of the source {source} is broken; the last good one serves. The reader's"
        " log names field and position: correct it and run `switchboard apply DOCUMENTS`.",
    ),
    Watch(
        "refused_handshakes",
        "refused-handshakes",
        "The host of the stream refuses the source {source} again and again: its key was revoked,"
        " its tenant or subscription does not exist, or another consumer holds it. The status is in"
        " the log: {logs}. After a change of keys run `switchboard secrets set sources/{source}`.",
        threshold=REFUSED_HANDSHAKES,
    ),
    Watch("drift", "drift", DRIFT),
    Watch(
        "gaps",
        "gaps",
        "Events of the source {source} are missing: the stream went on behind the checkpoint,"
        " because it was not read for longer than it keeps events. The log names both positions:"
        " {logs}. Fetch what lies between them from the vendor's reports.",
    ),
    Watch(
        "poison",
        "poison",
        "Frames of the source {source} cannot be read as events. They are kept and acknowledged;"
        " the stream goes on. The log names each frame and why: {logs}. If there are many, the"
        " vendor changed its format.",
    ),
    Watch(
        "muted",
        "muted",
        "A message of the source {source} could not be delivered by the stream's server, which then"
        " brings nothing more. It was stepped over, and reading goes on; an event"
        " stream.gap.detected and the log say where: {logs}. Fetch what lies there from the"
        " vendor's reports.",
    ),
    Watch(
        "silent",
        "silent",
        "The source {source} is connected, and for longer than its document allows no event came."
        " Nobody calls, or events are no longer sent: make a test call, then ask the vendor. If"
        " that is usual here, raise `silence_seconds` of the document and run `switchboard apply"
        " DOCUMENTS`.",
    ),
    Watch(
        "nothing_ever_came",
        "nothing-ever-came",
        "The source {source} connects, and not one event came since it was set up. A wrong region"
        " or tenant is accepted and stays silent: compare host and tenant of its document with the"
        " vendor's console, then run `switchboard apply DOCUMENTS`.",
    ),
    Watch(
        "lag_seconds",
        "lag",
        "Events of the source {source} are ten minutes late: the reader is catching up, or it is"
        " too small. If its CPU is at its limit, raise `reader.cpu` in cdk.json and run `make"
        " deploy`; else look whether ingest is refused or slow.",
        threshold=LATE_SECONDS,
        statistic="Maximum",
    ),
    Watch(
        "ack_lag_ms",
        "ack-lag",
        "Frames of the source {source} wait for a minute before they are acknowledged, because SQS"
        " has not taken their events yet. Nothing is lost. Look at AWS's own health and at the"
        " latency `sqs_latency_ms` of the dashboard; then {logs}.",
        threshold=UNACKNOWLEDGED_MILLISECONDS,
        statistic="Maximum",
    ),
    Watch(
        "sqs_refused",
        "sqs-refused",
        "SQS refuses events of the source {source} again and again. They are sent again and nothing"
        " is lost, but reading waits. Throttled: ask AWS for a higher quota. Denied: deploy again,"
        " the task's role was changed. The answer is in the log: {logs}.",
        threshold=SQS_REFUSALS,
    ),
)


def watch_stream(
    scope: Construct, alarms: Alarms, *, prefix: str, source: str, task: str, logs: str
) -> None:
    """Make every alarm of one source. `task` is cluster/service, `logs` the reader's log group."""
    cluster, _, service = task.partition("/")
    command = f"`aws logs tail {logs} --since 1h --filter-pattern {source}`"
    for watch in WATCHES:
        alarms.on_own(
            scope,
            watch.metric,
            source=source,
            name=f"{prefix}-{source}-{watch.ending}",
            description=watch.description.format(
                source=source, logs=command, cluster=cluster, service=service
            ),
            threshold=watch.threshold,
            statistic=watch.statistic,
            heartbeat=watch.heartbeat,
        )
