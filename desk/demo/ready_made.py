"""The ready-made mappings at work: the first case of each goes in as an event, and comes out.

The documents are those that a customer copies. A destination of the laptop takes the place of each
destination that they are for, one after the other where there are fewer.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk.apply.documents import read_documents
from desk.demo.documents import CHAT, CHAT_BOT, CHAT_CHANNEL, LAKE
from desk.laptop import LaptopStack
from desk.laptop.client import ACCOUNT
from desk.laptop.outside import redirect
from desk.mappings.cases import files, first_case
from desk.standins.slack import Workspace
from switchboard.delivery import delivery_key
from switchboard.envelope import Envelope, encode
from switchboard.event import Event
from switchboard.testing.stand_in import Arrived, Reply, StandIn

FOLDER = Path(__file__).parents[1] / "ready_made" / "documents"
ROUNDS: Sequence[Mapping[str, str]] = (
    {"crm": "crm", CHAT: CHAT, "help-desk": "pager", "warehouse": "lake"},
    {"audit": "lake"},
)
"""Which destination of the laptop is given the document of which ready-made one."""

PATIENCE_SECONDS = 90.0
LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Shown:
    """A ready-made mapping at work: what its first case says, and what arrived; None: nothing."""

    mapping: str
    type: str
    destination: str
    wanted: Mapping[str, Any]
    arrived: Mapping[str, Any] | None

    @property
    def is_as_written(self) -> bool:
        """Whether what its case says has arrived."""
        return self.arrived is not None and self.wanted.items() <= self.arrived.items()


class _Vendors:
    """Stand-ins that take what is sent to them, and the laptop's lake."""

    def __init__(self, stack: LaptopStack, open_: ExitStack) -> None:
        self._stack = stack
        self._workspace = Workspace(CHAT_BOT, [CHAT_CHANNEL])
        self._endpoint = open_.enter_context(StandIn())
        self._slack = open_.enter_context(StandIn(self._chat))
        redirect(stack, CHAT, api_url=f"{self._slack.url}/api")

    def url(self, name: str) -> str:
        """Where the endpoint of a destination is."""
        return f"{self._endpoint.url}/{name}"

    def arrived(self, name: str, event: Event) -> Mapping[str, Any] | None:
        """What a destination of the laptop was sent of `event`, as the mapping made it."""
        match name:
            case "lake":
                return self._stored(event)
            case _ if name == CHAT:
                posted = self._workspace.posted(CHAT_CHANNEL)
                return {"text": posted[-1]["text"]} if posted else None
        key = delivery_key(event.id, name, 0)
        bodies = (one.body for one in self._endpoint.arrived if one.headers["webhook-id"] == key)
        return next((dict(json.loads(body)["data"]) for body in bodies), None)

    def _chat(self, arrived: Arrived) -> Reply:
        taken = self._workspace.take(arrived.path, arrived.headers, arrived.body, time.time())
        return Reply(taken.status, taken.headers, taken.body)

    def _stored(self, event: Event) -> Mapping[str, Any] | None:
        s3, key = self._stack.client("s3"), delivery_key(event.id, "lake", 0)
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=LAKE)
        keys = (one["Key"] for page in pages for one in page.get("Contents", []))
        found = next((one for one in keys if key in one), None)
        if found is None:
            return None
        return dict(json.load(s3.get_object(Bucket=LAKE, Key=found)["Body"])["data"])


def shown(stack: LaptopStack) -> Sequence[Shown]:
    """Every ready-made mapping, at work in a running stack whose documents it replaces."""
    with ExitStack() as open_:
        vendors = _Vendors(stack, open_)
        return [one for places in ROUNDS for one in _round(stack, vendors, places)]


def _round(stack: LaptopStack, vendors: _Vendors, places: Mapping[str, str]) -> Iterator[Shown]:
    documents = read_documents(FOLDER)
    for name, text in documents.items():
        if name.startswith("mappings/"):
            _put(stack, name, text)
    cases = {path.stem: first_case(path) for path in files([FOLDER / "mappings"])}
    sent = {}
    for name, place in places.items():
        document = json.loads(documents[f"destinations/{name}"])
        if "url" in document:
            document["url"] = vendors.url(place)
        _put(stack, f"destinations/{place}", json.dumps(document))
        sent[name] = cases[document["mapping"]]
    for function in stack.deployed.functions:
        stack.pool(function).end_sandboxes()
    events = {name: Event.model_validate(case.input) for name, case in sent.items()}
    for event in events.values():
        _send(stack, event)
    for name, place in places.items():
        case, event = sent[name], events[name]
        found = _waited_for(vendors, place, event)
        yield Shown(case.mapping, event.type, name, dict(case.output or {}), found)


def _put(stack: LaptopStack, name: str, text: str) -> None:
    stack.client("ssm").put_parameter(
        Name=f"/switchboard/{stack.stage}/{name}", Value=text, Type="String", Overwrite=True
    )


def _send(stack: LaptopStack, event: Event) -> None:
    """Put an event where every source puts them."""
    stack.client("sqs").send_message(
        QueueUrl=f"{stack.endpoint_url}/{ACCOUNT}/switchboard-{stack.stage}-ingest.fifo",
        MessageBody=encode(Envelope(event=event, group=f"ready-made:{event.id}")),
        MessageGroupId=event.id,
        MessageDeduplicationId=event.id,
    )


def _waited_for(vendors: _Vendors, place: str, event: Event) -> Mapping[str, Any] | None:
    latest = time.monotonic() + PATIENCE_SECONDS
    while (found := vendors.arrived(place, event)) is None and time.monotonic() < latest:
        time.sleep(LOOK_SECONDS)
    return found
