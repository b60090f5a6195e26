"""The emulator's one WSGI application, and the desk's own paths beside AWS's."""

import io
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn, TextIO

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Request, Response

from desk.emulator import cloudformation
from desk.emulator.answers import JSON_TYPE, denied, error, of_sqs
from desk.emulator.authorization import Authorization, NotUnderstood
from desk.emulator.calls import Call, read_call
from desk.emulator.faults import FaultPlan, Faults
from desk.emulator.invocations import Invocations
from desk.emulator.parameters import ReadRate, refuse_size
from desk.emulator.sends import SendLog
from desk.emulator.sqs import Sqs

logger = logging.getLogger(__name__)

StartResponse = Callable[..., Any]


class Emulator:
    """AWS for one account and region. `sends` takes a line for each message that SQS takes."""

    def __init__(self, log: Path, sends: Path | None = None) -> None:
        cloudformation.register()
        self.authorization = Authorization()
        self.faults = Faults()
        self.invocations = Invocations()
        self.parameter_reads = ReadRate()
        self.sqs = Sqs(self.faults, None if sends is None else SendLog(sends))
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._moto_lock = threading.RLock()
        self._log: TextIO = log.open("a", buffering=1)
        self._log_lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        if request.path.startswith("/_desk/"):
            return self._desk(request)(environ, start)
        began = time.time()
        body = request.get_data(cache=True)
        call = read_call(request.method, request.path, dict(request.headers), body)
        if call is None:
            unsigned = Call("", "s3", "", ("*",), b"")
            return error(403, "MissingAuthenticationToken", "it is not signed", unsigned)(
                environ, start
            )
        role = self.authorization.role(call.key_id)
        if role is None:
            answer = error(403, "InvalidClientTokenId", "nobody's key", call)
        else:
            time.sleep(self.faults.slowness(call.service, role))
            answer = self._answered(request, call, role) or self._asked_of_moto(environ, call)
        self._write(call, role or "nobody", answer, began)
        if role is not None and self.faults.cuts(call.service, role):
            _hang_up(environ["werkzeug.socket"])
        return answer(environ, start)

    def _answered(self, request: Request, call: Call, role: str) -> Response | None:
        """What is answered before moto is asked; None: moto is to answer."""
        try:
            if not self.authorization.permits(role, call):
                return denied(call, role)
        except NotUnderstood as refusal:
            return error(501, "NotUnderstood", f"{role}: {refusal}", call)
        if (fault := self.faults.of(call.service, role)) is not None:
            return Response(json.dumps(fault[1]), fault[0], content_type=JSON_TYPE)
        return self._of_our_own(request, call, role)

    def _of_our_own(self, request: Request, call: Call, role: str) -> Response | None:
        """What moto lacks, or is not strict about."""
        target = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if call.service == "sqs" and (answered := self.sqs.answer(target, call, role)):
            return of_sqs(answered)
        if call.operation == "Invoke":
            return self.invocations.take(call)
        if call.service == "ssm":
            return self._of_parameters(target, call)
        return None

    def _of_parameters(self, action: str, call: Call) -> Response | None:
        if self.parameter_reads.refuses(action):
            return error(400, "ThrottlingException", "Rate exceeded", call)
        refused = refuse_size(action, call.parameters)
        return error(400, "ValidationException", refused, call) if refused else None

    def _asked_of_moto(self, environ: dict[str, Any], call: Call) -> Response:
        """Moto's models are no thread's own: one request at a time."""
        environ["wsgi.input"] = io.BytesIO(call.body)
        environ["CONTENT_LENGTH"] = str(len(call.body))
        with self._moto_lock:
            try:
                return Response.from_app(self._moto, environ, buffered=True)
            except Exception as failure:
                logger.exception("moto failed at %s", call.name)
                # 501, which no client tries again: half a stack would be there already.
                return error(501, "EmulatorFailed", f"moto failed: {failure!r}", call)

    def _write(self, call: Call, role: str, answer: Response, began: float) -> None:
        line: dict[str, Any] = {
            "at": round(began, 4),
            "role": role,
            "service": call.service,
            "action": call.operation,
            "resource": call.resources[0],
            "bytes": len(call.body),
            "status": answer.status_code,
        }
        if call.operation == "ReceiveMessage" and answer.get_data() == b"{}":
            line["idle"] = True
        with self._log_lock:
            self._log.write(json.dumps(line) + "\n")

    def _desk(self, request: Request) -> Response:
        """What the desk asks of the emulator itself."""
        what = request.path.removeprefix("/_desk/")
        given = request.get_json(silent=True) or {}
        if what == "health":
            return _json({"ok": True})
        if what == "credentials":
            return _json({"key_id": self.authorization.credentials(given["role"])})
        if what == "invocations":
            return _json(self.invocations.given())
        if what == "state":
            return _json(self._state())
        if self._told(what, given):
            return _json({"ok": True})
        return Response("there is no such path", 404)

    def _told(self, what: str, given: dict[str, Any]) -> bool:
        """Do what the desk wants done; False: there is no such thing."""
        match what:
            case "faults":
                self.faults.follow(FaultPlan.model_validate(given))
            case "revoke":
                self.authorization.revoke([(role, number) for role, number in given["statements"]])
            case "clock":
                self.sqs.move_clock(float(given["seconds"]))
            case _:
                return False
        return True

    def _state(self) -> dict[str, Any]:
        queues = {
            name: {**self.sqs.queue(name).counts(), "moved": self.sqs.queue(name).moved}
            for name in self.sqs.names()
        }
        return {
            "queues": queues,
            "refused_sends": self.faults.refused_sends,
            "throttled_parameter_reads": self.parameter_reads.refused,
            "injected": dict(self.faults.injected),
            **self.authorization.report(),
        }


def _hang_up(connection: socket.socket) -> NoReturn:
    """Close the connection without an answer; the server drops the request at this error."""
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("the answer is lost on purpose")


def _json(value: Any) -> Response:
    return Response(json.dumps(value), content_type="application/json")
