"""A sandbox's part in trials: which deliveries it tries, how they end, and who decides.

Nothing here stops a delivery: while the counters cannot be reached, the good versions serve.
"""

from collections.abc import Callable
from contextlib import suppress

from switchboard.claiming import Send
from switchboard.configuration import ConfigurationStore, Status
from switchboard.errors import ReasonClass, SwitchboardError
from switchboard.ledger import Entry
from switchboard.telemetry import Telemetry
from switchboard.trial import (
    HOUR,
    Ending,
    OnTrial,
    Outcomes,
    Tally,
    TrialStore,
    allowed_ratio,
    ending_of,
    verdict_on,
)

FLUSH_SECONDS = 60.0
LOOK_SECONDS = 60.0


class Trials:
    """One destination's trials, and the outcomes that they are compared with.

    Outcomes are added up here and written at most once a minute; what a sandbox that ends has not
    written is missing from the ratio, and from nothing else.
    """

    def __init__(
        self,
        destination: str,
        *,
        store: TrialStore,
        judgements: ConfigurationStore,
        telemetry: Telemetry,
        clock: Callable[[], float],
    ) -> None:
        self._destination = destination
        self._store = store
        self._judgements = judgements
        self._telemetry = telemetry
        self._clock = clock
        self._running: dict[tuple[int | None, int | None], OnTrial] = {}
        self._full_until: dict[str, float] = {}
        self._counted = Outcomes()
        self._flush_at: float | None = None

    def takes(self, trial: OnTrial, send: Send) -> bool:
        """Whether a delivery that was just claimed goes out under the versions on trial.

        One that began under them goes on under them; of those that begin now, so many as the shared
        counter has left.
        """
        entry = send.entry
        if not send.begins:
            goes_on = trial.versions == (entry.document_version, entry.mapping_version)
            if goes_on:
                self._running[trial.versions] = trial
            return goes_on
        now = self._clock()
        if now < self._full_until.get(trial.key, 0.0):
            return False
        try:
            taken = self._store.take(trial.key, now)
        except SwitchboardError:
            return False
        if taken:
            self._running[trial.versions] = trial
        else:
            self._full_until[trial.key] = now + LOOK_SECONDS
            self._look(trial)
        return taken

    def took(self, entry: Entry) -> None:
        """The destination took a delivery."""
        trial = self._trial_of(entry)
        if trial is None:
            self._count(Outcomes(delivered=1))
        else:
            self._settle(trial, Ending.DELIVERED)

    def tries(self, entry: Entry) -> bool:
        """Whether a delivery went out under versions on trial."""
        return self._trial_of(entry) is not None

    def spares(self, entry: Entry, ended: Entry) -> bool:
        """Whether a failure that would end as `ended` may be the fault of versions on trial.

        It is then no dead letter, and goes again under the good versions; all but an unknown
        outcome that must not be repeated.
        """
        blamed = _is_blamed(ended) and ended.reason_class is not ReasonClass.UNKNOWN
        return blamed and self.tries(entry)

    def failed(self, entry: Entry, ended: Entry) -> None:
        """A delivery failed; what will be tried again by itself counts as nothing yet."""
        if not _is_blamed(ended):
            return
        trial, ending = self._trial_of(entry), ending_of(ended.reason_class)
        if trial is not None:
            self._settle(trial, ending)
        elif ending is Ending.FAILED:
            self._count(Outcomes(failed=1))

    def _trial_of(self, entry: Entry) -> OnTrial | None:
        return self._running.get((entry.document_version, entry.mapping_version))

    def _settle(self, trial: OnTrial, ending: Ending) -> None:
        with suppress(SwitchboardError):
            self._decide(trial, self._store.settle(trial.key, ending))

    def _look(self, trial: OnTrial) -> None:
        """What nobody decided, because a process ended in between, is decided now."""
        with suppress(SwitchboardError):
            self._decide(trial, self._store.read(trial.key))

    def _decide(self, trial: OnTrial, tally: Tally) -> None:
        now = self._clock()
        verdict = tally.verdict
        allowed = 0.0
        # Where the strictest share decides nothing, the real one need not be read.
        if verdict is None and verdict_on(tally, allowed, now) is not None:
            hour = int(now // HOUR)
            allowed = allowed_ratio(
                [self._store.outcomes(self._destination, at) for at in (hour - 1, hour)]
            )
            verdict = verdict_on(tally, allowed, now)
        if verdict is None:
            return
        verdict = self._store.conclude(trial.key, verdict)
        self._running.pop(trial.versions, None)
        reason = (
            f"refused by its trial: {tally.failed} of {tally.delivered + tally.failed} deliveries"
            f" failed, and {allowed:.0%} may"
        )
        status = Status(verdict)
        changed = [
            self._judgements.decide(
                change.name,
                change.version,
                status,
                trial=trial.key,
                reason=reason if status is Status.REFUSED else "",
            )
            for change in trial.changes
        ]
        if any(changed):
            self._tell(trial, status, reason)

    def _tell(self, trial: OnTrial, status: Status, reason: str) -> None:
        tried = [f"{change.name} version {change.version}" for change in trial.changes]
        if status is Status.GOOD:
            self._telemetry.count("document_adopted", destination=self._destination)
            return
        self._telemetry.count(
            "document_refused", destination=self._destination, document=trial.changes[0].name
        )
        self._telemetry.warn(
            "a document was refused by its trial; the last good version serves",
            documents=tried,
            why=reason,
            difference=list(trial.difference()),
        )

    def _count(self, outcomes: Outcomes) -> None:
        self._counted = Outcomes(
            self._counted.delivered + outcomes.delivered, self._counted.failed + outcomes.failed
        )
        now = self._clock()
        if self._flush_at is None:
            self._flush_at = now + FLUSH_SECONDS
        if now < self._flush_at:
            return
        self._flush_at = now + FLUSH_SECONDS
        with suppress(SwitchboardError):
            self._store.add(self._destination, int(now // HOUR), self._counted)
            self._counted = Outcomes()


def _is_blamed(ended: Entry) -> bool:
    return ended.is_final or ended.reason_class in {ReasonClass.CONFIGURATION, ReasonClass.BUG}
