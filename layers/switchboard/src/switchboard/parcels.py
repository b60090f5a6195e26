"""One destination's deliveries in parcels: claim many, send them together, write how each ended.

The promises are those of single deliveries. Each is claimed before the parcel is sent, and its
entry names the parcel; a crash leaves every one of them `sending`, and `repeat` decides for each.
A parcel that is refused as a whole is halved until the refused delivery stands alone.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from switchboard.arrival import Arrivals, Claimed, waited_too_long
from switchboard.attempt import continued, referenced
from switchboard.delivery import Execution, Ports, Time, prepared
from switchboard.destination import Delivery, ParcelDestination, ParcelSpec, Receipt
from switchboard.errors import EventError, Rejected, SwitchboardError
from switchboard.holding import Holding, with_gaps
from switchboard.loop import Batch, Record
from switchboard.parcel import Filling, Member, halves
from switchboard.retry import back_off
from switchboard.settlement import Settlement

Answer = Receipt | Exception


class Parcels:
    """A sandbox's deliveries to one destination that takes parcels.

    `ordered` for FIFO queues: after a failure, later deliveries of its group are not sent.
    """

    def __init__(self, ports: Ports, spec: ParcelSpec, *, ordered: bool) -> None:
        ports = with_gaps(ports)
        self.ports = ports
        self.spec = spec
        self.ordered = ordered
        self.settlement = Settlement(ports)
        self.arrivals = Arrivals(ports, self.settlement, paced=False)
        self.holding = Holding(ports)

    def deliver(self, batch: Batch, execution: Execution, time: Time) -> None:
        """Deliver what can be delivered of a batch; the rest is put back in it."""
        _Round(self, batch, execution, time).run()


class _Round:
    """One batch on its way."""

    def __init__(self, parcels: Parcels, batch: Batch, execution: Execution, time: Time) -> None:
        self._ports = parcels.ports
        self._settlement = parcels.settlement
        self._arrivals = parcels.arrivals
        self._holding = parcels.holding
        self._ordered = parcels.ordered
        self._batch = batch
        self._execution = execution
        self._time = time
        self._filling = Filling(parcels.spec, ordered=parcels.ordered)
        self._admitted = False
        self._found: dict[str, Receipt | None] = {}
        self._stopped: set[str] = set()

    def run(self) -> None:
        """Claim, fill and send until the batch, its time or the gate ends it.

        Claims end while two requests could still end, so that what is claimed is also sent. What
        waited too long ends without a request.
        """
        stop: float | None = None
        taken: set[str] = set()
        for record in self._batch.live():
            # A standard queue may give a message twice, even in one batch.
            if record.message_id in taken:
                continue
            taken.add(record.message_id)
            if stop is None:
                stop = self._stop()
            if stop is None or (self._time.has(1) and self._waited_too_long(record)):
                self._receive(record)
        for parcel in self._filling.rest():
            self._send(parcel)
        if stop is not None:
            self._batch.put_all_back(stop)
        self._ports.gate.unused(self._ports.clock())

    def _waited_too_long(self, record: Record) -> bool:
        return waited_too_long(record, self._ports.clock())

    def _stop(self) -> float | None:
        """Seconds for which everything that is not claimed goes back; None: the next may come."""
        if not self._time.has(2):
            return 0.0
        held = self._ask()
        return held if held > 0 else None

    def _ask(self) -> float:
        """The gate's answer, asked once for each parcel, before its first delivery is claimed."""
        if self._admitted:
            return 0.0
        held = self._ports.gate.admit(self._ports.clock())
        self._admitted = held <= 0
        return held

    def _receive(self, record: Record) -> None:
        try:
            taken = self._take(record)
        except SwitchboardError as error:
            taken = self._wait(record, error)
        if not isinstance(taken, Member):
            self._settle(record, taken)

    def _take(self, record: Record) -> Member | float | None:
        """Claim a record and let it join a parcel; what is no member is settled as it says."""
        claimed = self._arrivals.claim(record, self._execution)
        if not isinstance(claimed, Claimed):
            return claimed
        entry, in_doubt = claimed.send.entry, claimed.send.look_first
        if claimed.send.may_duplicate:
            self._settlement.possible_duplicate(entry)
        destination = _destination(claimed)
        try:
            delivery = continued(
                self._ports.ledger,
                prepared(claimed.event, claimed.raw_ref, claimed.configuration, entry),
                claimed.configuration,
            )
            receipt = self._look(destination, delivery) if in_doubt else None
            in_doubt = False
            address = (id(destination), destination.address(delivery))
            size = len(json.dumps(delivery.output))
        except Exception as error:  # noqa: BLE001 - whatever a destination raises has its treatment
            seconds = self._settlement.failed(
                claimed.envelope, entry, error, claimed.configuration.repeat, in_doubt=in_doubt
            )
            self._holding.settle(claimed.gap)
            return seconds
        if receipt is not None:
            self._settlement.delivered(entry, receipt)
            self._holding.settle(claimed.gap)
            return None
        return self._join(Member(record, claimed, entry, delivery, size), address)

    def _look(self, destination: ParcelDestination, delivery: Delivery) -> Receipt | None:
        """Whether an earlier parcel was stored; each is asked for once."""
        reference = delivery.reference
        if not reference:
            return destination.find(delivery)
        if reference not in self._found:
            self._found[reference] = destination.find(delivery)
        return self._found[reference]

    def _join(self, member: Member, address: tuple[int, str]) -> Member | float:
        for parcel in self._filling.before(member, address):
            self._send(parcel)
        held = 0.0
        if not self._filling.is_open(address):
            held = self._ask()
            self._admitted = False
        if held > 0 or self._is_stopped(member):
            self._settlement.give_back(member.entry)
            return held
        self._filling.add(member, address)
        return member

    def _send(self, parcel: Sequence[Member]) -> None:
        pause = self._pause(parcel)
        if pause > 0:
            for member in parcel:
                self._put_off(member, pause)
            return
        going = self._named([member for member in parcel if self._may_go(member)])
        if going:
            self._request(going)

    def _request(self, going: Sequence[Member]) -> None:
        destination = _destination(going[0].claimed)
        try:
            answers = _each(destination, going)
        except (Rejected, EventError) as error:
            if len(going) == 1:
                self._all_failed(going, error)
                return
            for half in halves(going):
                self._send(half)
        except Exception as error:  # noqa: BLE001 - whatever a destination raises has its treatment
            self._all_failed(going, error)
        else:
            for member, answer in zip(going, answers, strict=True):
                self._answered(member, answer)

    def _may_go(self, member: Member) -> bool:
        """Whether there is time for it, and its group has not stopped; else it is given back."""
        if self._time.has(1) and not self._is_stopped(member):
            return True
        self._end(member, lambda: self._given_back(member))
        return False

    def _named(self, parcel: Sequence[Member]) -> Sequence[Member]:
        """Record the parcel in each entry. Without one that was taken over, it is another."""
        if not parcel:
            return parcel
        destination = _destination(parcel[0].claimed)
        reference = destination.parcel_reference([member.delivery for member in parcel])
        named: list[Member] = []
        for member in parcel:
            try:
                entry = referenced(self._ports.ledger, member.entry, reference)
            except SwitchboardError as error:
                self._answered(member, error)
            else:
                delivery = replace(member.delivery, reference=reference)
                named.append(replace(member, entry=entry, delivery=delivery))
        if len(named) == len(parcel):
            return named
        return self._named([member for member in named if self._may_go(member)])

    def _all_failed(self, parcel: Sequence[Member], error: Exception) -> None:
        self._settlement.refused(error, parcel[0].entry)
        for member in parcel:
            self._close(member, error)

    def _answered(self, member: Member, answer: Answer) -> None:
        if isinstance(answer, Receipt):
            receipt = answer
            self._end(member, lambda: self._settlement.delivered(member.entry, receipt))
        else:
            self._settlement.refused(answer, member.entry)
            self._close(member, answer)

    def _close(self, member: Member, error: Exception) -> None:
        self._stopped.add(member.entry.group)
        envelope, repeat = member.claimed.envelope, member.claimed.configuration.repeat
        self._end(
            member, lambda: self._settlement.close_failed(envelope, member.entry, error, repeat)
        )

    def _pause(self, parcel: Sequence[Member]) -> float:
        """Seconds until this sandbox's next request, by the limit of the documents."""
        per_second = parcel[0].claimed.configuration.requests_per_second
        return self._ports.gate.pace(per_second, self._ports.clock())

    def _put_off(self, member: Member, seconds: float) -> None:
        self._stopped.add(member.entry.group)
        self._end(member, lambda: self._given_back(member, seconds))

    def _given_back(self, member: Member, seconds: float = 0.0) -> float:
        self._settlement.give_back(member.entry)
        return seconds

    def _is_stopped(self, member: Member) -> bool:
        waits = self._ordered or member.claimed.configuration.holds
        return waits and member.entry.group in self._stopped

    def _end(self, member: Member, ending: Callable[[], float | None]) -> None:
        """Settle a member; where the ledger cannot be reached its entry stays `sending`."""
        try:
            seconds = ending()
            self._holding.settle(member.claimed.gap)
        except SwitchboardError as error:
            seconds = self._wait(member.record, error)
        self._settle(member.record, seconds)

    def _settle(self, record: Record, seconds: float | None) -> None:
        if seconds is None:
            self._batch.done(record)
        else:
            self._batch.put_back(record, seconds)

    def _wait(self, record: Record, error: SwitchboardError) -> float:
        """A store that cannot be reached is a wait, and nothing is lost by it."""
        self._ports.telemetry.warn("a delivery waits", why=str(error), message_id=record.message_id)
        return back_off(min(record.receive_count, 6), self._ports.jitter)


def _destination(claimed: Claimed) -> ParcelDestination:
    """Its spec says that it takes parcels."""
    return cast("ParcelDestination", claimed.configuration.destination)


def _each(destination: ParcelDestination, parcel: Sequence[Member]) -> Sequence[Answer]:
    """Send a parcel: what became of each of its deliveries, in its order."""
    answer = destination.send_parcel([member.delivery for member in parcel])
    answers = [answer] * len(parcel) if isinstance(answer, Receipt) else list(answer)
    if len(answers) != len(parcel):
        raise LookupError("a parcel's answer has another number of results than deliveries")
    return answers
