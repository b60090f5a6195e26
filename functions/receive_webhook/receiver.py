"""From a request to an answer. 2xx is said only after SQS took the event."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from functions.receive_webhook.gateway import Answer, read_request, source_name
from functions.receive_webhook.refusals import Refusal
from switchboard.claims import ClaimStore, check_in
from switchboard.configuration import LastGood, Parameters, parse_document
from switchboard.envelope import Envelope, Raw
from switchboard.errors import ConfigurationError, EventError, SwitchboardError
from switchboard.event import utc_text
from switchboard.queue import Outbox, Outgoing
from switchboard.secrets import SecretStore
from switchboard.sources import (
    KINDS,
    Received,
    Request,
    SignatureRefused,
    SourceDocument,
    SourceKind,
)
from switchboard.telemetry import Telemetry

SECRET_FIELD = "signing_secret"  # noqa: S105 - the name of a field


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything the receiver touches."""

    ingest: Outbox
    claims: ClaimStore
    parameters: Parameters
    last_good: LastGood
    secrets: SecretStore
    telemetry: Telemetry
    clock: Callable[[], float]


class Receiver:
    """Takes webhooks for the sources of one stage. `sources` maps each name to its kind."""

    def __init__(self, sources: Mapping[str, str], limit: int, ports: Ports) -> None:
        self._sources = sources
        self._limit = limit
        self._ports = ports

    def answer(self, event: Mapping[str, Any]) -> Answer:
        """Answer one request of API Gateway."""
        source = source_name(event)
        kind = KINDS.get(self._sources.get(source, ""))
        try:
            if kind is None:
                raise Refusal.unknown_source()
            known = self._take(source, kind, event)
        except Refusal as refusal:
            self._count_refusal(source if kind else "unknown", refusal)
            return Answer(refusal.status, refusal.body, refusal.retry_after)
        return Answer(202, {"accepted": known})

    def _take(self, source: str, kind: SourceKind, event: Mapping[str, Any]) -> str:
        request = read_request(event, self._limit)
        now = self._ports.clock()
        try:
            document, secrets = self._prepared(source, kind)
            if not document.allows(request.source_ip):
                raise Refusal.not_allowed()
            received = self._verified(source, kind, request, document, secrets, now)
        except EventError as error:
            raise _refused(error) from None
        except ConfigurationError as error:
            self._ports.telemetry.count("configuration_errors", source=source)
            self._ports.telemetry.warn("a source refuses everything", source=source, why=str(error))
            raise Refusal.not_ready() from None
        except SwitchboardError as error:
            self._ports.telemetry.warn("a source is busy", source=source, why=str(error))
            raise Refusal.busy() from None
        self._send(kind, request, received, now)
        self._ports.telemetry.count("received", source=source, type=received.event.type)
        if received.event.weakid:
            self._ports.telemetry.count("weak_id", source=source)
        return received.event.id

    def _prepared(self, source: str, kind: SourceKind) -> tuple[SourceDocument, Sequence[str]]:
        """The source's document (its defaults where there is none) and its secrets."""
        name = f"sources/{source}"
        parameter = self._ports.parameters.get(name).get(name)
        if parameter is None:
            document = _default(kind, name)
        else:
            document = self._ports.last_good.judge(
                name, parameter, partial(parse_document, kind.document, name)
            ).document
        accepted = self._ports.secrets.accepted(name, rotation_hours=document.rotation_hours)
        secrets = [fields[SECRET_FIELD] for fields in accepted if fields.get(SECRET_FIELD)]
        if not secrets:
            raise ConfigurationError(
                f"the secret of {name} has no {SECRET_FIELD}; run `switchboard secrets set {name}`"
            )
        return document, secrets

    def _verified(
        self,
        source: str,
        kind: SourceKind,
        request: Request,
        document: SourceDocument,
        secrets: Sequence[str],
        now: float,
    ) -> Received:
        signed_at = kind.verify(request, secrets, document, now)
        return kind.receive(source, request, document, signed_at, now)

    def _send(self, kind: SourceKind, request: Request, received: Received, now: float) -> None:
        raw = Raw(
            kind=kind.kind,
            body=request.body.decode("utf-8"),
            received_at=utc_text(datetime.fromtimestamp(now, UTC)),
        )
        envelope = Envelope(event=received.event, group=received.group, raw=raw)
        try:
            message = Outgoing(
                body=check_in(envelope, self._ports.claims),
                group=received.group,
                deduplication_id=received.event.id,
            )
            (refused,) = self._ports.ingest.send([message])
        except SwitchboardError as error:
            refused = str(error)
        if refused is not None:
            self._ports.telemetry.warn("an event was not stored", why=refused)
            raise Refusal.busy()

    def _count_refusal(self, source: str, refusal: Refusal) -> None:
        signature = refusal.status == 401
        name = "refused_signature" if signature else "refused"
        self._ports.telemetry.count(name, source=source, reason=refusal.code)


def _default(kind: SourceKind, name: str) -> SourceDocument:
    try:
        return kind.document()
    except ValueError:
        raise ConfigurationError(
            f"{name} is deployed but not configured; write its document and run `switchboard apply`"
        ) from None


def _refused(error: EventError) -> Refusal:
    if isinstance(error, SignatureRefused):
        return Refusal(
            401,
            "signature_refused",
            str(error),
            "sign the exact bytes with this source's secret; `switchboard verify` explains",
        )
    return Refusal(400, "invalid_event", str(error), "send a body that this source's kind takes")
