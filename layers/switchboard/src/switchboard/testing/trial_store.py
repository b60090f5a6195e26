"""The shared counters of trials, in memory."""

from dataclasses import replace

from switchboard.testing.stores import Failing
from switchboard.trial import DELIVERIES, Ending, Outcomes, Tally, Verdict


class MemoryTrials(Failing):
    """See TrialStore."""

    def __init__(self) -> None:
        self.tallies: dict[str, Tally] = {}
        self.hours: dict[tuple[str, int], Outcomes] = {}
        self.added = 0

    def take(self, key: str, now: float) -> bool:
        """See TrialStore."""
        self.check()
        tally = self.tallies.get(key, Tally())
        if tally.taken >= DELIVERIES or tally.verdict is not None:
            return False
        self.tallies[key] = replace(tally, taken=tally.taken + 1, taken_at=now)
        return True

    def settle(self, key: str, ending: Ending) -> Tally:
        """See TrialStore."""
        tally = self.read(key)
        if tally.verdict is None and tally.taken:
            counted = {ending.value: getattr(tally, ending) + 1}
            self.tallies[key] = tally = replace(tally, **counted)
        return tally

    def read(self, key: str) -> Tally:
        """See TrialStore."""
        self.check()
        return self.tallies.get(key, Tally())

    def conclude(self, key: str, verdict: Verdict) -> Verdict:
        """See TrialStore."""
        tally = self.read(key)
        self.tallies[key] = replace(tally, verdict=tally.verdict or verdict)
        return tally.verdict or verdict

    def add(self, destination: str, hour: int, outcomes: Outcomes) -> None:
        """See TrialStore."""
        self.check()
        self.added += 1
        before = self.outcomes(destination, hour)
        self.hours[destination, hour] = Outcomes(
            before.delivered + outcomes.delivered, before.failed + outcomes.failed
        )

    def outcomes(self, destination: str, hour: int) -> Outcomes:
        """See TrialStore."""
        self.check()
        return self.hours.get((destination, hour), Outcomes())
