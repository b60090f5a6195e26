"""Each sample of `events/invocations/` does what its name says, through the real code."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from desk.demo.documents import FOLDER, SECRETS
from functions.control_destinations.control import Control
from functions.control_destinations.control import Ports as ControlPorts
from functions.control_destinations.decision import Deployed
from functions.fire_timers.firing import Firing
from functions.fire_timers.ports import Ports as FiringPorts
from functions.receive_webhook.receiver import Ports as ReceiverPorts
from functions.receive_webhook.receiver import Receiver
from functions.replay_events.asking import Asked
from functions.route_events.attempts import Attempts
from functions.route_events.pacing import Pace
from functions.route_events.router import Ports as RouterPorts
from functions.route_events.router import Router
from functions.route_events.routes import Network
from functions.route_events.timing import Timing
from functions.to_slack.alarm import read_alarms
from switchboard.breaker import paused
from switchboard.delivery import Execution
from switchboard.destination import Lane
from switchboard.drift_watch import DriftWatch
from switchboard.envelope import decode
from switchboard.events import Recorded
from switchboard.gate import change_state
from switchboard.held import ROUTE
from switchboard.ledger import State
from switchboard.loop import Batch, read_records
from switchboard.mapping import compile_expression
from switchboard.routing import Route
from switchboard.source_state import SourceStateReader
from switchboard.testing.deliveries import DeliveryBench, ScriptedDestination, make_event
from switchboard.testing.draining import MemoryDrains
from switchboard.testing.event_store import MemoryEvents
from switchboard.testing.polling import MemoryMappings
from switchboard.testing.receiving import JAAS_SECRET, STANDARD_SECRET, ReceivingStores
from switchboard.testing.shape_store import MemoryShapes
from switchboard.testing.state_store import MemoryStates
from switchboard.testing.stores import (
    Clock,
    MemoryBucket,
    MemoryLedger,
    MemoryOutbox,
    RecordingTelemetry,
)
from switchboard.testing.timer_store import MemoryTimers
from switchboard.timers import Waits, timer_mark

EVENTS = Path(__file__).parents[2] / "events"
INVOCATIONS = EVENTS / "invocations"

ANSWERS = {
    "call-ended": 202,
    "wrong-key": 401,
    "expired": 401,
    "duplicated-header": 401,
    "unknown-source": 404,
    "invalid-base64": 400,
}
ALARMS = {"to_slack/alarm": ("switchboard-dev-crm-dead-lettered", "ALARM")}
ROUTED = {
    "one-of-each-kind": (3, 0, 0),
    "poison-in-a-batch": (1, 2, 0),
    "newer-envelope": (0, 0, 1),
}
ASKED = {
    "schedule": Asked(),
    "one-replay": Asked(replay="20261127T090000000Z-1f2e3d4c", seconds=5),
}
DELIVERED = {
    "to_webhook/one-event": (1, 0),
    "to_webhook/two-events-of-one-meeting": (2, 0),
    "to_webhook/replay": (1, 0),
    "to_webhook/not-an-envelope": (0, 1),
    "to_s3/one-event": (1, 0),
    "to_s3/umlauts-nul-and-surrogates": (2, 0),
}


def read(name: str) -> Any:
    return json.loads((INVOCATIONS / f"{name}.json").read_text())


def test_every_sample_is_tested() -> None:
    named = {f"receive_webhook/{name}" for name in ANSWERS}
    named |= {f"replay_events/{name}" for name in ASKED}
    named |= {f"route_events/{name}" for name in ROUTED} | DELIVERED.keys() | ALARMS.keys()
    named |= {"control_destinations/minute", "fire_timers/minute"}
    found = {str(path.relative_to(INVOCATIONS)) for path in INVOCATIONS.rglob("*.json")}
    assert found == {f"{name}.json" for name in named}


@pytest.mark.parametrize(("name", "status"), ANSWERS.items())
def test_requests_are_answered_as_they_say(name: str, status: int) -> None:
    stores = ReceivingStores()
    sources = {}
    secrets = {
        "meetings": JAAS_SECRET,
        "partner": STANDARD_SECRET,
        "legacy-pbx": "the pbx signs with this",
    }
    for source, secret in secrets.items():
        document = json.loads((EVENTS / "sources" / f"{source}.json").read_text())
        sources[source] = document.pop("kind")
        stores.configure(source, json.dumps(document), secret)
    ports = ReceiverPorts(
        ingest=stores.ingest,
        claims=stores.claims,
        parameters=stores.parameters,
        last_good=stores.last_good,
        secrets=stores.secrets,
        states=stores.source_states,
        telemetry=stores.telemetry,
        clock=stores.clock,
    )
    answer = Receiver(sources, 1_000_000, ports).answer(read(f"receive_webhook/{name}"))
    assert answer.status == status
    assert len(stores.ingest.taken) == (status == 202)


@pytest.mark.parametrize(("name", "asked"), ASKED.items())
def test_replays_are_asked_for_as_they_say(name: str, asked: Asked) -> None:
    assert Asked.read(read(f"replay_events/{name}")) == asked


@pytest.mark.parametrize(("name", "outcome"), ROUTED.items())
def test_batches_are_routed_as_they_say(name: str, outcome: tuple[int, int, int]) -> None:
    clock, bucket, crm, dead = Clock(), MemoryBucket(), MemoryOutbox(), MemoryOutbox()
    telemetry = RecordingTelemetry()
    states = MemoryStates()
    attempts = Attempts(MemoryLedger(), dead, telemetry, clock, lambda: 0.5)
    network = Network([Route("crm", compile_expression("`true`"), 1)], {"crm": {Lane.NORMAL: crm}})
    router = Router(
        RouterPorts(
            events=MemoryEvents(),
            archive=bucket,
            claims=bucket,
            network=lambda: network,
            sources=SourceStateReader(states),
            pace=Pace(states.read, clock, telemetry),
            attempts=attempts,
            drift=DriftWatch(MemoryShapes(), clock, telemetry),
            timing=Timing(MemoryTimers(), Waits(60, 60 * 60), clock),
            telemetry=telemetry,
            is_bulk=lambda _: False,
        )
    )
    batch = Batch(read_records(read(f"route_events/{name}")))
    router.route(batch, Execution("sample", clock() + 60))
    assert (len(crm.taken), len(dead.taken), len(batch.failures())) == outcome
    assert telemetry.counts.get(("bugs", ROUTE)) is None


@pytest.mark.parametrize(("name", "outcome"), DELIVERED.items())
def test_deliveries_end_as_they_say(name: str, outcome: tuple[int, int]) -> None:
    destination = ScriptedDestination()
    bench = DeliveryBench(destination)
    left = bench.deliver(*read_records(read(name)))
    assert left == {}
    states = [entry.state for entry in bench.ledger.entries.values()]
    assert (states.count(State.DELIVERED), states.count(State.DEAD)) == outcome
    assert len(destination.sent) == outcome[0]


@pytest.mark.parametrize(("name", "told"), ALARMS.items())
def test_alarms_are_read_as_they_say(name: str, told: tuple[str, str]) -> None:
    (alarm,) = read_alarms(read(name))
    assert (alarm.name, alarm.state) == told


def test_two_events_of_one_meeting_keep_their_order() -> None:
    destination = ScriptedDestination()
    name = "to_webhook/two-events-of-one-meeting"
    DeliveryBench(destination).deliver(*read_records(read(name)))
    types = [delivery.event.type for delivery in destination.sent]
    assert types == ["meeting.room.created", "meeting.participant.left"]


def test_a_minute_polls_what_is_not_paused() -> None:
    states, now = MemoryStates(), 1_790_000_000.0
    change_state(states, "crm", lambda state: paused(state, now, "ann"))
    deployed = {
        name: Deployed(queues={Lane.NORMAL: name}, mapping_ids={Lane.NORMAL: f"mapping-{name}"})
        for name in ("crm", "lake")
    }
    mappings = MemoryMappings()
    control = Control(
        ControlPorts(
            deployed=lambda: deployed,
            states=states,
            mappings=mappings,
            drains=MemoryDrains(),
            start=lambda name, order: pytest.fail(f"{name} is to {order.kind}"),
            depth=lambda _: 0,
            telemetry=RecordingTelemetry(),
            clock=lambda: now,
        )
    )
    assert read("control_destinations/minute")["detail-type"] == "Scheduled Event"
    assert control.run() == {"crm": False, "lake": True}
    assert mappings.enabled == {"mapping-crm": False}


def test_a_minute_tells_what_is_due() -> None:
    now = 1_790_000_000.0
    ended = make_event(1, type="interaction.deleted", time=datetime.fromtimestamp(now - 90, UTC))
    events, ingest, timers = MemoryEvents(), MemoryOutbox(), MemoryTimers()
    events.append(Recorded("interaction:one", ended, "", None, None, []))
    timers.put([timer_mark("interaction:one", now - 30, now - 90)], now)
    firing = Firing(
        FiringPorts(
            timers=timers,
            groups=events,
            ingest=ingest,
            claims=MemoryBucket(),
            rules=tuple,
            waits=Waits(60, 60 * 60),
            telemetry=RecordingTelemetry(),
            clock=lambda: now,
        )
    )
    assert read("fire_timers/minute")["detail-type"] == "Scheduled Event"
    assert firing.fire(now + 40) == {"looked": 1, "told": 2, "failed": 0}
    told = [decode(message.body).event for message in ingest.taken]
    assert [one.type for one in told if one] == ["interaction.closed", "interaction.abandoned"]


def test_the_laptop_takes_the_sample_that_never_expires() -> None:
    sample = json.loads((EVENTS / "webhooks" / "hmac" / "call-ended.json").read_text())
    assert sample["about"]["secret"] == SECRETS["sources/legacy-pbx"]
    document = json.loads((EVENTS / "sources" / "legacy-pbx.json").read_text())
    assert document.pop("kind") == "hmac"
    assert document == json.loads((FOLDER / "sources" / "legacy-pbx.json").read_text())
