"""The emulator's one WSGI application, and the desk's own paths beside AWS's."""

import json
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TextIO

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Request, Response

from desk.emulator import cloudformation
from desk.emulator.authorization import OPERATOR, Authorization
from desk.emulator.calls import Call, read_call
from desk.emulator.faults import FaultPlan, Faults
from desk.emulator.parameters import refuse_size
from desk.emulator.sqs import Sqs, encoded

StartResponse = Callable[..., Any]

JSON_TYPE = "application/x-amz-json-1.0"


class Emulator:
    """AWS for one account and region."""

    def __init__(self, log: Path) -> None:
        cloudformation.register()
        self.authorization = Authorization()
        self.faults = Faults()
        self.sqs = Sqs(self.faults)
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._moto_lock = threading.RLock()
        self._log: TextIO = log.open("a", buffering=1)
        self._log_lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        if request.path.startswith("/_desk/"):
            return self._desk(request)(environ, start)
        body = request.get_data(cache=True)
        call = read_call(request.method, request.path, dict(request.headers), body)
        if call is None:
            return self._to_moto(environ, start, body)
        role = self.authorization.role(call.key_id)
        began = time.time()
        if role is None:
            return _error(403, "InvalidClientTokenId", "nobody's key", call)(environ, start)
        answer = self._answered(request, call, role)
        status: list[str] = [answer.status if answer is not None else ""]
        if answer is not None:
            answered: Iterable[bytes] = answer(environ, start)
        else:

            def remember(line: str, headers: Any, *rest: Any) -> Any:
                status[0] = line
                return start(line, headers, *rest)

            answered = self._to_moto(environ, remember, body)
        idle = answer is not None and answer.get_data() == b"{}" and call.action == "ReceiveMessage"
        self._write(call, role, request, status[0], began, idle=idle)
        return answered

    def _answered(self, request: Request, call: Call, role: str) -> Response | None:
        """What is answered before moto is asked; None: moto is to answer."""
        if not self.authorization.permits(role, call):
            return _denied(call, role)
        if role != OPERATOR and (fault := self.faults.of(call.service)) is not None:
            return Response(encoded(fault[1]), fault[0], content_type=JSON_TYPE)
        target = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if call.service == "sqs":
            answer = self.sqs.answer(target, call, role)
            if answer is not None:
                return Response(encoded(answer[1]), answer[0], content_type=JSON_TYPE)
        if call.service == "ssm" and (refused := refuse_size(target, call.parameters)):
            return _error(400, "ValidationException", refused, call)
        return None

    def _to_moto(
        self, environ: dict[str, Any], start: StartResponse, body: bytes
    ) -> Iterable[bytes]:
        """Moto's models are no thread's own: one request at a time."""
        import io

        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        with self._moto_lock:
            return list(self._moto(environ, start))

    def _write(
        self, call: Call, role: str, request: Request, status: str, began: float, *, idle: bool
    ) -> None:
        line: dict[str, Any] = {
            "at": round(began, 4),
            "role": role,
            "service": call.service,
            "action": request.headers.get("X-Amz-Target", "").rpartition(".")[2] or call.action,
            "resource": call.resources[0],
            "status": int(status.split(" ", 1)[0] or 0),
        }
        if idle:
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
        if what == "faults":
            self.faults.follow(FaultPlan.model_validate(given))
            return _json({"ok": True})
        if what == "clock":
            self.sqs.move_clock(float(given["seconds"]))
            return _json({"ok": True})
        if what == "state":
            return _json(self._state())
        return Response("there is no such path", 404)

    def _state(self) -> dict[str, Any]:
        queues = {
            name: {**self.sqs.queue(name).counts(), "moved": self.sqs.queue(name).moved}
            for name in self.sqs.names()
        }
        return {
            "queues": queues,
            "used": [
                [usage.role, usage.action, usage.pattern, count]
                for usage, count in self.authorization.used.items()
            ],
            "denied": [[*key, count] for key, count in self.authorization.denied.items()],
            "refused_sends": self.faults.refused_sends,
        }


def _json(value: Any) -> Response:
    return Response(json.dumps(value), content_type="application/json")


def _denied(call: Call, role: str) -> Response:
    message = (
        f"User: arn:aws:sts::123456789012:assumed-role/{role} is not authorized to perform:"
        f" {call.name} on resource: {', '.join(call.resources)}"
    )
    return _error(403 if call.service == "s3" else 400, "AccessDeniedException", message, call)


def _error(status: int, code: str, message: str, call: Call) -> Response:
    """An error in the shape that the service's clients read."""
    if call.service == "s3":
        code = code.removesuffix("Exception")
        text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        return Response(text, status, content_type="application/xml")
    return Response(
        json.dumps({"__type": code, "message": message}), status, content_type=JSON_TYPE
    )
