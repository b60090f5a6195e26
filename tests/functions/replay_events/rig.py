"""A replay's whole way on one clock: plan, replay_events, ingest-bulk, router, queue, delivery.

Everything is the product's own code, but for the vendor and AWS; the queues are the emulator's,
which swallow an id within five minutes as SQS does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from desk.emulator.queues import Queue
from functions.replay_events.sending import Ports, Sending
from functions.route_events.attempts import Attempts
from functions.route_events.pacing import Pace
from functions.route_events.router import Ports as RouterPorts
from functions.route_events.router import Router
from functions.route_events.routes import Network
from functions.route_events.timing import Timing
from switchboard.delivery import Execution
from switchboard.destination import Delivery, Lane, Repeat
from switchboard.drift_watch import DriftWatch
from switchboard.envelope import DeliveryOrder
from switchboard.event import Event, digest
from switchboard.events import Recorded
from switchboard.ledger import Entry
from switchboard.loop import Batch, Record, deliver
from switchboard.mapping import compile_expression
from switchboard.queue import Outgoing
from switchboard.replay_id import new_replay_id
from switchboard.replays import Replay, Selected, plan
from switchboard.routing import Choice, Route
from switchboard.source_state import SourceStateReader
from switchboard.testing.deliveries import DeliveryBench, ScriptedDestination, make_record
from switchboard.testing.event_store import MemoryEvents
from switchboard.testing.reading import MemoryLeases
from switchboard.testing.replaying import MemoryReplays
from switchboard.testing.shape_store import MemoryShapes
from switchboard.testing.state_store import MemoryStates
from switchboard.testing.stores import MemoryLedger, MemoryOutbox
from switchboard.testing.timer_store import MemoryTimers
from switchboard.timers import Waits

GROUP = "interaction:one"


@dataclass
class QueueOutbox:
    """The emulator's queue as an Outbox. `before` runs before each message: it may crash."""

    queue: Queue
    before: Callable[[Outgoing], None] = lambda _: None
    sent: list[Outgoing] = field(default_factory=list)

    def send(self, messages: Sequence[Outgoing]) -> list[str | None]:
        for message in messages:
            self.before(message)
            self.queue.send(message.body, message.group, message.deduplication_id)
            self.sent.append(message)
        return [None] * len(messages)

    def waiting(self) -> int:
        return sum(int(count) for count in self.queue.counts().values())

    def __hash__(self) -> int:
        return id(self)


class ReplayRig:
    """The destination `crm`, and everything that a replay passes on its way to it."""

    def __init__(
        self, repeat: Repeat = Repeat.NATIVE, vendor: ScriptedDestination | None = None
    ) -> None:
        self.vendor = vendor or ScriptedDestination()
        self.bench = DeliveryBench(self.vendor, repeat)
        self.clock = self.bench.clock
        self.events = MemoryEvents()
        self.replays = MemoryReplays()
        self.leases = MemoryLeases()
        self.bulk = QueueOutbox(Queue("ingest-bulk.fifo", clock=self.clock, visibility=360))
        self.crm = QueueOutbox(Queue("crm-normal.fifo", clock=self.clock, visibility=360))
        self.router = self._router()
        self.invocations = 0

    def _router(self) -> Router:
        network = Network(
            [Route("crm", compile_expression("`true`"), 1)], {"crm": {Lane.NORMAL: self.crm}}
        )
        telemetry, states = self.bench.telemetry, MemoryStates()
        attempts = Attempts(MemoryLedger(), MemoryOutbox(), telemetry, self.clock, lambda: 0.5)
        return Router(
            RouterPorts(
                events=self.events,
                archive=self.bench.bucket,
                claims=self.bench.bucket,
                network=lambda: network,
                sources=SourceStateReader(states),
                pace=Pace(states.read, self.clock, telemetry),
                attempts=attempts,
                drift=DriftWatch(MemoryShapes(), self.clock, telemetry),
                timing=Timing(MemoryTimers(), Waits(60, 60 * 60), self.clock),
                telemetry=telemetry,
                is_bulk=lambda arn: arn.endswith("ingest-bulk.fifo"),
            )
        )

    def sending(self) -> Sending:
        """A new sandbox of `replay_events`."""
        return Sending(
            Ports(
                replays=self.replays,
                chunks=self.replays,
                events=self.events,
                bulk=self.bulk,
                leases=self.leases,
                telemetry=self.bench.telemetry,
                clock=self.clock,
                sleep=self.clock.forward,
            )
        )

    def invoke(self, replay_id: str | None = None, seconds: float = 50.0) -> list[Replay]:
        self.invocations += 1
        owner = f"invocation-{self.invocations}"
        return self.sending().send(replay_id, owner, self.clock() + seconds)

    def keep(self, *events: Event, group: str = GROUP) -> None:
        """What routing left in the events table."""
        for event in events:
            crm = [Choice(name="crm", version=1)]
            self.events.append(Recorded(group, event, "", None, None, crm))

    def arrive(self, *events: Event, group: str = GROUP) -> None:
        """Events that were routed, on their first way to the destination."""
        self.keep(*events, group=group)
        for event in events:
            body = make_record(event, group=group, order=DeliveryOrder(only="crm")).body
            self.crm.send([Outgoing(body, group, digest(event.id, "crm"))])

    def plan(self, *selected: Selected, rate: float = 1000.0, run: bool = True) -> str:
        """Plan a replay of these, and let it run."""
        self.clock.forward(0.001)
        replay_id = new_replay_id(self.clock(), "0" * 8)
        plan(Replay(id=replay_id, destination="crm", rate=rate), selected, *[self.replays] * 2)
        if run:
            self.replays.start(replay_id, self.clock())
        return replay_id

    def route(self) -> None:
        """Route what is in ingest-bulk."""
        while batch := self._batch(self.bulk.queue):
            execution = Execution("router", self.clock() + 60)
            self.router.route(batch, execution)
            self._settle(self.bulk.queue, batch)

    def deliver(self) -> None:
        """Deliver what is in the destination's queue and may go now."""
        while batch := self._batch(self.crm.queue):
            execution = self.bench.execution()
            handle = self.bench.deliveries.handle
            deliver(batch, lambda one: handle(one, execution), has_time=lambda: True)  # noqa: B023
            self._settle(self.crm.queue, batch)

    def drain(self) -> None:
        self.route()
        self.deliver()

    @staticmethod
    def _batch(queue: Queue) -> Batch | None:
        received = queue.receive(10, 0)
        records = [
            Record(
                message_id=one["MessageId"],
                receipt_handle=one["ReceiptHandle"],
                body=one["Body"],
                group=one["Attributes"]["MessageGroupId"],
                receive_count=int(one["Attributes"]["ApproximateReceiveCount"]),
                sent_at=int(one["Attributes"]["SentTimestamp"]) / 1000,
                queue_arn=f"arn:aws:sqs:eu-west-1:123456789012:{queue.name}",
            )
            for one in received
        ]
        return Batch(records) if records else None

    @staticmethod
    def _settle(queue: Queue, batch: Batch) -> None:
        back = {record.receipt_handle: seconds for record, seconds in batch.failures()}
        for record in batch._records:
            if record.receipt_handle in back:
                queue.change_visibility(record.receipt_handle, back[record.receipt_handle])
            else:
                queue.delete(record.receipt_handle)

    def entry(self, event: Event) -> Entry:
        return self.bench.ledger.of(event.id, "crm")

    def keys(self) -> list[str]:
        """The vendor's key of each send."""
        return [delivery.key for delivery in self.vendor.sent]

    def sent(self, event: Event) -> list[Delivery]:
        return [one for one in self.vendor.sent if one.event.id == event.id]
