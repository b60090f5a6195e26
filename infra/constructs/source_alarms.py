"""The alarms of webhook sources and of routing."""

from collections.abc import Iterable

from constructs import Construct

from infra.constructs.alarms import Alarms
from switchboard.event import OWN_SOURCE

DRIFT = (
    "The payloads of the source {source} have changed their shape: a field is new, renamed, of"
    " another type, or gone. Run `switchboard drift {source}`: it says which, and compare the"
    " mappings that use it. Each change is told once."
)
"""Of a source of any kind."""


def alarm_on_core(scope: Construct, alarms: Alarms, prefix: str, sources: Iterable[str]) -> None:
    """Every alarm of what comes before fan-out, and of replays."""
    alarm_on_sources(scope, alarms, prefix, sources)
    alarm_on_routing(scope, alarms, prefix)
    alarm_on_replays(scope, alarms, prefix)
    alarm_on_timers(scope, alarms, prefix)


def alarm_on_sources(scope: Construct, alarms: Alarms, prefix: str, sources: Iterable[str]) -> None:
    """Alarm on what a source's sender, its secret or its document does."""
    for name in sources:
        own = Construct(scope, f"Source-{name}")
        alarms.on_own(
            own,
            "refused_signature",
            source=name,
            threshold=10,
            name=f"{prefix}-{name}-refused-signature",
            description=f"Ten requests to the source {name} were not signed with its secret, or"
            " did not bring it. Either its key was changed (run `switchboard secrets set"
            f" sources/{name}`), or somebody else is sending: `switchboard verify REQUEST.json"
            " --source DOCUMENT.json --secret-stdin` explains a request.",
        )
        alarms.on_own(
            own,
            "configuration_errors",
            source=name,
            name=f"{prefix}-{name}-configuration",
            description=f"Act now: the source {name} answers 503 to everything, because its"
            f" secret or document is missing. Run `switchboard secrets set sources/{name}`.",
        )
        alarms.on_own(
            own,
            "document_refused",
            source=name,
            name=f"{prefix}-{name}-document",
            description=f"The new document of the source {name} is broken; the last good one"
            " serves. The function's log names field and position: correct it and apply again.",
        )
        alarms.on_own(
            own,
            "drift",
            source=name,
            name=f"{prefix}-{name}-drift",
            description=DRIFT.format(source=name),
        )


def alarm_on_routing(scope: Construct, alarms: Alarms, prefix: str) -> None:
    """Alarm on events for which there was no way."""
    alarms.on_own(
        Construct(scope, "Routing"),
        "dead_lettered",
        destination="route",
        name=f"{prefix}-route-dead-lettered",
        description="Events could not be normalised or routed. Run `switchboard dead list"
        " route`: it says why, and how to replay them.",
    )


def alarm_on_replays(scope: Construct, alarms: Alarms, prefix: str) -> None:
    """Alarm on a replay that does not go on."""
    alarms.on_own(
        Construct(scope, "Replays"),
        "replay_stalled",
        destination="replay",
        threshold=3,
        name=f"{prefix}-replay-stalled",
        description="A replay could not go on three times in five minutes: SQS, DynamoDB or S3"
        " refuses what it needs, and the log of replay-events says which. Nothing is lost, and it"
        " is tried each minute. `switchboard replay status` shows how far it is; stop it with"
        " `switchboard replay cancel REPLAY`.",
    )


def alarm_on_timers(scope: Construct, alarms: Alarms, prefix: str) -> None:
    """Alarm on timers that are late or fail, and on rules that do not serve."""
    own = Construct(scope, "Absence")
    for metric, ending, threshold, statistic, description in (
        (
            "timers_behind_minutes",
            "timers-behind",
            10,
            "Maximum",
            "fire-timers is ten minutes behind: what it tells of interactions is late, none of it"
            " is lost. Look at its errors, and at the throttles of the events and timers tables.",
        ),
        (
            "timers_failed",
            "timers-failed",
            1,
            "Sum",
            "An interaction cannot be folded, so that nothing is told of it; it is looked at again"
            " each hour. The log of fire-timers names its group: `switchboard timeline GROUP`.",
        ),
        (
            "configuration_errors",
            "timers-configuration",
            1,
            "Sum",
            "A rule is not looked at: its document is broken and never was good. The log of"
            " fire-timers names it: correct it and run `switchboard apply documents`.",
        ),
        (
            "document_refused",
            "timers-document",
            1,
            "Sum",
            "The new document of a rule is broken; the last good one serves. The log of fire-timers"
            " names field and position: correct it and run `switchboard apply documents`.",
        ),
    ):
        alarms.on_own(
            own,
            metric,
            source=OWN_SOURCE,
            threshold=threshold,
            statistic=statistic,
            name=f"{prefix}-{ending}",
            description=description,
        )
