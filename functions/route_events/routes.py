"""The destinations of a stage as the router sees them: their queues and their predicates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from pydantic import BaseModel, ConfigDict, ValidationError

from switchboard.configuration import LastGood, Parameter, Parameters, parse_document
from switchboard.destination import Lane, LanePer, Mode
from switchboard.errors import ConfigurationError
from switchboard.event import Event, as_document
from switchboard.gathering import Gather, nothing_to_gather
from switchboard.mapping import Asking
from switchboard.queue import DestinationQueue
from switchboard.routing import Decision, Route, asked_by, choose, choose_once, compile_route
from switchboard.sources.contact_center_document import SourceRule
from switchboard.sources.delivering import delivers
from switchboard.sources.tenant import UNSAID, Tenant
from switchboard.telemetry import Telemetry
from switchboard.timer_documents import read_timers
from switchboard.timers import Timer

DEPLOYED = "deployment/destinations/"
DOCUMENTS = "destinations/"
SOURCES = "sources/"


class Deployed(BaseModel):
    """What a destination's stack says of itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    queues: Mapping[Lane, str]
    lane_per: LanePer = LanePer.INTERACTION
    mode: Mode = Mode.ORDERED


@dataclass(frozen=True)
class Network:
    """Where events can go now: the routes of configured destinations, and every queue.

    `rules` are those of sources, by name; `gathering` are the destinations in whose
    queues messages wait by design, for a window or a schedule; `timers` are the rules of what is
    told when something does not happen.
    """

    routes: Sequence[Route]
    outboxes: Mapping[str, Mapping[Lane, DestinationQueue]]
    rules: Mapping[str, SourceRule] = field(default_factory=dict)
    gathering: frozenset[str] = frozenset()
    timers: Sequence[Timer] = ()
    gather: Gather = nothing_to_gather

    def outbox(self, destination: str, lane: Lane) -> DestinationQueue | None:
        """The destination's queue of that lane, else its normal one; None: it is not deployed."""
        lanes = self.outboxes.get(destination, {})
        return lanes.get(lane) or lanes.get(Lane.NORMAL)

    def tenant(self, source: str) -> Tenant:
        """Whose events a source brings."""
        rule = self.rules.get(source)
        return UNSAID if rule is None else rule.tenant

    @cached_property
    def asking(self) -> Asking:
        """What the routes' predicates ask for beside an event."""
        return asked_by(self.routes)

    def decide(self, event: Event) -> Decision:
        """The destinations that take `event`; what their predicates ask for beside it is read.

        Raises:
            EventError: they ask for too much.
            Unavailable: it cannot be read now.
        """
        return choose(event, self.routes, self.gather(self.asking, as_document(event), None))

    def prefetch(self, events: Sequence[Event]) -> None:
        """Read together what is asked for on `events`; what cannot be read is left to `decide`."""
        if self.asking.programs:
            going = [one for one in events if delivers(self.rules, one.source, one.time)]
            self.gather.prefetch(self.asking, [as_document(event) for event in going])

    @property
    def once(self) -> frozenset[str]:
        """The destinations whose lane is chosen once for a group."""
        return choose_once(self.routes)


class NetworkReader:
    """Reads the network from the stage's parameters, and judges what is new in them."""

    def __init__(
        self,
        parameters: Parameters,
        last_good: LastGood,
        open_outbox: Callable[[str], DestinationQueue],
        telemetry: Telemetry,
        gather: Gather = nothing_to_gather,
    ) -> None:
        self._parameters = parameters
        self._last_good = last_good
        self._open_outbox = open_outbox
        self._telemetry = telemetry
        self._gather = gather
        self._outboxes: dict[str, DestinationQueue] = {}

    def read(self) -> Network:
        """The network as the documents stand now; raises Unavailable if they were never read."""
        parameters = self._parameters.everything()
        deployed = {
            name.removeprefix(DEPLOYED): self._deployed(name.removeprefix(DEPLOYED), parameter)
            for name, parameter in parameters.items()
            if name.startswith(DEPLOYED)
        }
        routes = [
            route
            for name, at in sorted(deployed.items())
            if (route := self._route(name, parameters.get(DOCUMENTS + name), at)) is not None
        ]
        outboxes = {
            name: {lane: self._outbox(url) for lane, url in at.queues.items()}
            for name, at in deployed.items()
        }
        gathering = frozenset(n for n, at in deployed.items() if at.mode is not Mode.ORDERED)
        timers = read_timers(parameters, self._last_good, self._telemetry)
        rules = self._rules(parameters)
        return Network(routes, outboxes, rules, gathering, timers, self._gather)

    def _rules(self, parameters: Mapping[str, Parameter]) -> Mapping[str, SourceRule]:
        """What documents say of sources; where nobody can say, everything is delivered."""
        rules = {}
        for name, parameter in parameters.items():
            if not name.startswith(SOURCES):
                continue
            source = name.removeprefix(SOURCES)
            parse = partial(parse_document, SourceRule, name)
            try:
                serving = self._last_good.judge(f"delivery/{source}", parameter, parse)
            except ConfigurationError as error:
                self._telemetry.count("configuration_errors", source=source)
                self._telemetry.warn("everything of a source is delivered", why=str(error))
            else:
                rules[source] = serving.document
        return rules

    def _route(self, name: str, parameter: Parameter | None, at: Deployed) -> Route | None:
        """None: not configured, or broken and never good; nothing is routed to it."""
        if parameter is None:
            return None
        judged_as = f"routes/{name}"
        try:
            serving = self._last_good.judge(judged_as, parameter, partial(compile_route, name=name))
        except ConfigurationError as error:
            self._telemetry.count("configuration_errors", destination=name)
            self._telemetry.warn("nothing is routed to a destination", why=str(error))
            return None
        predicates = serving.document
        urgent = predicates.urgent_when if Lane.URGENT in at.queues else None
        return Route(name, predicates.when, serving.version, urgent, at.lane_per)

    def _deployed(self, name: str, parameter: Parameter) -> Deployed:
        try:
            return Deployed.model_validate_json(parameter.text)
        except ValidationError:
            self._telemetry.warn("a destination's deployment parameter is broken", destination=name)
            return Deployed(queues={})

    def _outbox(self, url: str) -> DestinationQueue:
        if url not in self._outboxes:
            self._outboxes[url] = self._open_outbox(url)
        return self._outboxes[url]
