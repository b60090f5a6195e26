"""Breaks of the canary, by name: each replaces one part of what a stage is made of."""

from collections.abc import Callable, Mapping

from switchboard.claiming import Send
from switchboard.configuration import Status
from switchboard.ledger import Entry
from switchboard.testing.stores import MemoryConfiguration
from switchboard.testing.trial_store import MemoryTrials
from switchboard.trial import Ending, OnTrial, Tally
from switchboard.trials import Trials
from tests.switchboard.trial_stage import Stage


class Uncounted(MemoryTrials):
    """The counter has no end."""

    def take(self, key: str, now: float) -> bool:
        super().take(key, now)
        return True


class Unsettled(MemoryTrials):
    """No ending is counted, so that nothing is ever decided."""

    def settle(self, key: str, ending: Ending) -> Tally:
        del ending
        return self.read(key)


class Merciless(Trials):
    """What fails under a candidate is a dead letter."""

    def spares(self, entry: Entry, ended: Entry) -> bool:
        del entry, ended
        return False


class Forgetful(Trials):
    """A delivery does not go on under the version that it began with."""

    def takes(self, trial: OnTrial, send: Send) -> bool:
        return send.begins and super().takes(trial, send)


class Fickle(MemoryConfiguration):
    """What a trial refused is good for whoever asks next."""

    def decide(
        self, name: str, version: int, status: Status, *, trial: str = "", reason: str = ""
    ) -> bool:
        del status
        return super().decide(name, version, Status.GOOD, trial=trial, reason=reason)


def _store(make: Callable[[], MemoryTrials]) -> Callable[[Stage], None]:
    def broken(stage: Stage) -> None:
        stage.trials = make()

    return broken


def _trials(kind: type[Trials]) -> Callable[[Stage], None]:
    def broken(stage: Stage) -> None:
        stage.trials_kind = kind

    return broken


def _fickle(stage: Stage) -> None:
    broken = Fickle()
    broken.judged = stage.judgements.judged
    stage.judgements = broken


MUTATIONS: Mapping[str, Callable[[Stage], None]] = {
    "the counter has no end": _store(Uncounted),
    "no ending is counted": _store(Unsettled),
    "a failure under a candidate is a dead letter": _trials(Merciless),
    "a delivery changes its version": _trials(Forgetful),
    "what was refused is good": _fickle,
}
