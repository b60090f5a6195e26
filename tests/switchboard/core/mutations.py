"""The delivery core, each time with one promise broken on purpose.

Most are lies of a store: the core's own code runs on them, as it would on its own mistake.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from switchboard.dead_letters import dead_letter
from switchboard.delivery import delivery_key
from switchboard.destination import Delivery, Receipt, Repeat
from switchboard.envelope import DeliveryOrder, Envelope
from switchboard.errors import OutcomeUnknown, Unavailable
from switchboard.gaps import Gap, GapStore
from switchboard.gate import Gate, StateGate
from switchboard.guards import GuardStore
from switchboard.ledger import Entry, Ledger, State
from switchboard.loop import Batch, Record
from switchboard.testing.record_store import MemoryGuards
from tests.switchboard.core.rig import CRM, Rig, Vendor

PLAIN: frozenset[str] = frozenset()
HOLDING = frozenset({"holds"})
RECORD = frozenset({"record"})


class LyingLedger:
    """A ledger that a rig's core sees in the place of the true one."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.true = rig.ledger

    def put(self, entry: Entry, *, expected: int | None) -> Entry | None:
        """See Ledger."""
        found = self.true.put(entry, expected=expected)
        return None if found is None else self.found(found)

    def first_delivered(self, group: str, destination: str) -> Entry | None:
        """See Ledger."""
        return self.true.first_delivered(group, destination)

    def found(self, entry: Entry) -> Entry:
        """What the core is told that the ledger has."""
        return entry


class OfLedger(Rig):
    """A rig whose core sees `lies`."""

    lies: type[LyingLedger]

    def ledger_seen(self) -> Ledger:
        return self.lies(self)


class EveryClaimAnswersNew(OfLedger):
    """Whatever the ledger holds, a message is nobody's yet."""

    likely = ("away",)

    class lies(LyingLedger):  # noqa: N801
        def put(self, entry: Entry, *, expected: int | None) -> Entry | None:
            key = (entry.group, entry.event_id, entry.destination)
            stored = self.true.entries.get(key)
            if expected is None and stored is not None:
                entry, expected = replace(entry, revision=stored.revision + 1), stored.revision
            self.true.put(entry, expected=expected)
            return None


class OutcomeAfterTheDelete(OfLedger):
    """`delivered` is written when the message is already gone."""

    likely = ("take",)

    class lies(LyingLedger):  # noqa: N801
        def put(self, entry: Entry, *, expected: int | None) -> Entry | None:
            if entry.state is State.DELIVERED:
                self.rig.late.append((entry, expected))
                return None
            return super().put(entry, expected=expected)


class FollowersGoOn(Rig):
    """What comes behind a failed head is sent."""

    likely = ("away",)

    class make_batch(Batch):  # noqa: N801
        def put_back(self, record: Record, seconds: float) -> None:
            self._back[record.message_id] = seconds


class LeaseIgnored(OfLedger):
    """Another's claim holds nobody off."""

    likely = ("meanwhile",)

    class lies(LyingLedger):  # noqa: N801
        def found(self, entry: Entry) -> Entry:
            return replace(entry, lease_until=0.0)


class UnknownIsClean(Rig):
    """A lost answer counts as a refusal after which nothing is stored."""

    likely = ("lost",)

    def destination_seen(self) -> Any:
        return _Clean(self.vendor)


class _Clean:
    def __init__(self, vendor: Vendor) -> None:
        self.reference, self.find, self._vendor = vendor.reference, vendor.find, vendor

    def send(self, delivery: Delivery) -> Receipt:
        try:
            return self._vendor.send(delivery)
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from None


class FinalStatesAreSentAgain(OfLedger):
    """A replay that comes twice, like any message of what is finished, is sent again."""

    likely = ("take",)

    class lies(LyingLedger):  # noqa: N801
        def found(self, entry: Entry) -> Entry:
            return replace(entry, state=State.WAITING) if entry.is_final else entry


class GapIgnored(Rig):
    """A dead letter holds nobody."""

    likely = ("refuse",)

    def gaps_seen(self) -> GapStore:
        return _NoGaps()


class _NoGaps:
    def read(self, group: str, destination: str) -> Gap | None:
        del group, destination
        return None

    def write(self, gap: Gap, *, expected: int | None) -> bool:
        del gap, expected
        return True

    def entries(self, group: str, destination: str) -> Sequence[Entry]:
        del group, destination
        return ()


class GapClosedOverTheHeld(Rig):
    """A gap is closed although something is held."""

    likely = ("refuse",)

    def gaps_seen(self) -> GapStore:
        return _Forgetful(self)


class _Forgetful:
    def __init__(self, rig: Rig) -> None:
        self._true = rig.gaps
        self.read, self.write = rig.gaps.read, rig.gaps.write

    def entries(self, group: str, destination: str) -> Sequence[Entry]:
        return [
            entry
            for entry in self._true.entries(group, destination)
            if entry.state is not State.HELD
        ]


class PausedIgnored(Rig):
    """The gate lets everything pass."""

    likely = ("take",)

    def gate_seen(self) -> Gate:
        return _Open(self.states, "crm", sandbox="open", probe_seconds=1)


class _Open(StateGate):
    def admit(self, now: float) -> float:
        del now
        return 0.0


class GenerationDropped(Rig):
    """What is sent again on purpose carries its old key."""

    likely = ("take",)

    def destination_seen(self) -> Any:
        return _OldKey(self.vendor)


class _OldKey:
    def __init__(self, vendor: Vendor) -> None:
        self.reference, self.find, self._vendor = vendor.reference, vendor.find, vendor

    def send(self, delivery: Delivery) -> Receipt:
        old = delivery_key(delivery.event.id, delivery.destination, 0)
        return self._vendor.send(replace(delivery, key=old))


class AttemptCountedWhileWaiting(OfLedger):
    """Coming before its time is an attempt."""

    likely = ("away",)

    class lies(LyingLedger):  # noqa: N801
        def found(self, entry: Entry) -> Entry:
            if entry.state is not State.WAITING:
                return entry
            counted = replace(entry, attempt=entry.attempt + 1, revision=entry.revision + 1)
            self.true.put(counted, expected=entry.revision)
            return counted


class DeadLetterBeforeTheLedger(OfLedger):
    """The queue takes the dead letter before the ledger says so."""

    likely = ("refuse",)

    class lies(LyingLedger):  # noqa: N801
        def put(self, entry: Entry, *, expected: int | None) -> Entry | None:
            if entry.state is State.DEAD:
                envelope = Envelope(
                    event=self.rig.events[entry.event_id],
                    group=entry.group,
                    delivery=DeliveryOrder(only=CRM),
                )
                self.rig.dead_letters.send([dead_letter(entry, envelope)])
            return super().put(entry, expected=expected)


class GuardNotRaised(Rig):
    """Nobody knows which version of a record was written last."""

    likely = ("take",)

    def guards_seen(self) -> GuardStore:
        return MemoryGuards()


MUTATIONS: Mapping[type[Rig], tuple[Repeat, frozenset[str]]] = {
    EveryClaimAnswersNew: (Repeat.READ_BACK, PLAIN),
    OutcomeAfterTheDelete: (Repeat.NATIVE, PLAIN),
    FollowersGoOn: (Repeat.NATIVE, PLAIN),
    LeaseIgnored: (Repeat.READ_BACK, PLAIN),
    UnknownIsClean: (Repeat.READ_BACK, PLAIN),
    FinalStatesAreSentAgain: (Repeat.READ_BACK, PLAIN),
    GapIgnored: (Repeat.NATIVE, HOLDING),
    GapClosedOverTheHeld: (Repeat.NATIVE, HOLDING),
    PausedIgnored: (Repeat.NATIVE, PLAIN),
    GenerationDropped: (Repeat.NATIVE, PLAIN),
    AttemptCountedWhileWaiting: (Repeat.NATIVE, PLAIN),
    DeadLetterBeforeTheLedger: (Repeat.NATIVE, PLAIN),
    GuardNotRaised: (Repeat.NATIVE, RECORD),
}
"""Each with where it shows: what may follow an unknown outcome, and what the document asks for."""
