"""From a request to an answer. 2xx is said only after SQS took the event."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from functions.receive_webhook.gateway import Answer, read_request, source_ip, source_name
from functions.receive_webhook.refusals import Refusal
from switchboard.claims import ClaimStore, check_in
from switchboard.configuration import LastGood, NotConfigured, Parameters, parse_document
from switchboard.envelope import Envelope, Raw
from switchboard.errors import ConfigurationError, EventError, SwitchboardError, Unavailable
from switchboard.event import utc_text
from switchboard.queue import Outbox, Outgoing
from switchboard.secrets import SecretStore
from switchboard.source_state import SourceStateReader
from switchboard.sources import (
    WEBHOOK_KINDS,
    Received,
    Request,
    WebhookDocument,
    WebhookKind,
)
from switchboard.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything the receiver touches."""

    ingest: Outbox
    claims: ClaimStore
    parameters: Parameters
    last_good: LastGood
    secrets: SecretStore
    states: SourceStateReader
    telemetry: Telemetry
    clock: Callable[[], float]


class Receiver:
    """Takes webhooks for the sources of one stage. `sources` maps each name to its kind."""

    def __init__(self, sources: Mapping[str, str], limit: int, ports: Ports) -> None:
        self._kinds = {
            name: WEBHOOK_KINDS[kind] for name, kind in sources.items() if kind in WEBHOOK_KINDS
        }
        self._limit = limit
        self._ports = ports

    def answer(self, event: Mapping[str, Any]) -> Answer:
        """Answer one request of API Gateway."""
        source = source_name(event)
        kind = self._kinds.get(source)
        if kind is None:
            # Not under its own name: anyone could make metrics by asking for names.
            return self._refused("unknown", Refusal.unknown_source())
        try:
            received = self._take(source, kind, event)
        except Refusal as refusal:
            return self._refused(source, refusal)
        except EventError as error:
            return self._refused(source, Refusal.invalid_event(error))
        except ConfigurationError as error:
            self._ports.telemetry.count("configuration_errors", source=source)
            self._ports.telemetry.warn("a source takes nothing", source=source, why=str(error))
            return self._refused(source, Refusal.not_ready())
        except SwitchboardError as error:
            self._ports.telemetry.warn("an event was not taken", source=source, why=str(error))
            return self._refused(source, Refusal.busy())
        self._ports.telemetry.count("received", source=source, type=received.event.type)
        if received.event.weakid:
            self._ports.telemetry.count("weak_id", source=source)
        return Answer(202, {"accepted": received.event.id})

    def _take(self, source: str, kind: WebhookKind, event: Mapping[str, Any]) -> Received:
        """Take the event: what is cheap to refuse is refused first."""
        document = self._document(source, kind)
        if not document.allows(source_ip(event)):
            raise Refusal.not_allowed()
        if self._is_refused(source):
            raise Refusal.paused()
        request = read_request(event, self._limit)
        secrets = self._secrets(source, kind, document)
        now = self._ports.clock()
        signed_at = kind.verify(request, secrets, document, now)
        received = kind.receive(source, request, document, signed_at, now)
        self._send(kind, request, received, now)
        return received

    def _is_refused(self, source: str) -> bool:
        """Whether the operator wants 503s; where nobody can say, the source is taken from."""
        try:
            return self._ports.states.read(source, self._ports.clock()).refuse
        except SwitchboardError:
            return False

    def _document(self, source: str, kind: WebhookKind) -> WebhookDocument:
        """The source's document; those of all sources are read together."""
        name = f"sources/{source}"
        found = self._ports.parameters.get(*(f"sources/{each}" for each in self._kinds))
        if name not in found:
            raise NotConfigured(
                f"{name} is deployed but not configured; write its document and run `switchboard"
                " apply`"
            )
        compile_text = partial(parse_document, kind.document, name)
        return self._ports.last_good.judge(name, found[name], compile_text).document

    def _secrets(self, source: str, kind: WebhookKind, document: WebhookDocument) -> Sequence[str]:
        name, field = f"sources/{source}", kind.secret_field
        accepted = self._ports.secrets.accepted(name, rotation_hours=document.rotation_hours)
        secrets = [fields[field] for fields in accepted if fields.get(field)]
        if not secrets:
            raise ConfigurationError(
                f"the secret of {name} has no {field}; run `switchboard secrets set {name}`"
            )
        return secrets

    def _send(self, kind: WebhookKind, request: Request, received: Received, now: float) -> None:
        """Put the event into the queue; raises Unavailable where SQS does not take it."""
        raw = Raw(
            kind=kind.kind,
            body=request.body.decode("utf-8"),
            received_at=utc_text(datetime.fromtimestamp(now, UTC)),
        )
        envelope = Envelope(event=received.event, group=received.group, raw=raw)
        message = Outgoing(
            body=check_in(envelope, self._ports.claims),
            group=received.group,
            deduplication_id=received.event.id,
        )
        (refused,) = self._ports.ingest.send([message])
        if refused is not None:
            raise Unavailable(f"sending to the ingest queue: {refused}")

    def _refused(self, source: str, refusal: Refusal) -> Answer:
        self._ports.telemetry.count(refusal.metric, source=source, reason=refusal.code)
        return Answer(refusal.status, refusal.body, refusal.retry_after)
