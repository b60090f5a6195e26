"""Answers in the shapes that the clients of each service read."""

import json
from html import escape

from werkzeug.wrappers import Response

from desk.emulator.calls import ACCOUNT, Call
from desk.emulator.limits import SqsError
from desk.emulator.sqs import Answer, refusal

JSON_TYPE = "application/x-amz-json-1.0"

_QUERY = {"cloudformation", "iam", "sns", "sts"}
"""Services whose older protocol answers in XML."""


def of_sqs(answer: Answer) -> Response:
    """An answer of SQS; an error has its older name beside the new one, as AWS sends it."""
    response = Response(json.dumps(answer.body), answer.status, content_type=JSON_TYPE)
    if answer.error is not None:
        fault = "Sender" if answer.status < 500 else "Receiver"
        response.headers["x-amzn-query-error"] = f"{answer.error};{fault}"
    return response


def denied(call: Call, role: str) -> Response:
    """What a role is told that may not."""
    message = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{role} is not authorized to perform:"
        f" {call.name} on resource: {', '.join(call.resources)}"
    )
    if call.service == "sqs":
        return of_sqs(refusal(SqsError("AccessDeniedException", message)))
    return error(403 if call.service == "s3" else 400, "AccessDeniedException", message, call)


def error(status: int, code: str, message: str, call: Call) -> Response:
    """An error of any other service."""
    if call.service == "s3" or call.service in _QUERY:
        inner = (
            f"<Error><Code>{code.removesuffix('Exception')}</Code>"
            f"<Message>{escape(message)}</Message></Error>"
        )
        text = inner if call.service == "s3" else f"<ErrorResponse>{inner}</ErrorResponse>"
        return Response(text, status, content_type="application/xml")
    body = json.dumps({"__type": code, "message": message})
    return Response(body, status, content_type=JSON_TYPE)
