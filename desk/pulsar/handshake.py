"""The request of a handshake: what it asks for, or with which status it is refused."""

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

ENDPOINTS = ("reader", "consumer", "producer")
DOMAINS = ("persistent", "non-persistent")
PARAMETERS = "Invalid query params: "


class Refused(Exception):
    """An HTTP status instead of 101. The message goes into the title of the body."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Wanted:
    """A session somebody wants. `topic` is tenant/namespace/topic."""

    endpoint: str
    topic: str
    subscription: str
    query: Mapping[str, str]

    def number(self, name: str, otherwise: int, *, bad: int) -> int:
        """A query parameter as a number.

        Raises:
            Refused: with the status `bad` for anything that is none.
        """
        text = self.query.get(name)
        if text is None:
            return otherwise
        try:
            return int(text)
        except ValueError as error:
            why = f'For input string: "{text}"'
            if bad == 400:
                raise Refused(400, f"{PARAMETERS}{why}") from error
            raise Refused(bad, f"java.lang.NumberFormatException: {why}") from error


def credentials(request: Request) -> tuple[str | None, str | None]:
    """The token and the API key; a header wins over the URL, even a useless one."""
    query = dict(reversed(parse_qsl(urlsplit(request.path).query, keep_blank_values=True)))
    header = request.headers.get("Authorization")
    if header is not None:
        bearer, _, token = header.partition(" ")
        return (token.strip() if bearer == "Bearer" else None), request.headers.get("X-API-Key")
    text = query.get("token")
    return text and text.removeprefix("Bearer "), request.headers.get("X-API-Key")


def wanted(request: Request) -> Wanted:
    """What the request asks for; each part is decoded as a form is, so `+` is a space.

    Raises:
        Refused: 404 for no endpoint, 405 for no handshake, 400 or 500 for a malformed path.
    """
    url = urlsplit(request.path)
    parts = url.path.split("/")
    if parts[1:3] != ["ws", "v2"] or len(parts) < 4 or parts[3] not in ENDPOINTS:
        raise Refused(404, "Not Found")
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise Refused(405, "HTTP method GET is not supported by this URL")
    endpoint = parts[3]
    if endpoint == "consumer" and len(parts) != 9:
        raise Refused(400, f"{PARAMETERS}Invalid topic name format")
    if len(parts) < 8 or parts[4] not in DOMAINS:
        raise Refused(500, "Invalid topic name format")
    decoded = [unquote_plus(part) for part in parts]
    subscription = decoded[8] if endpoint == "consumer" else ""
    if endpoint == "consumer" and not subscription:
        raise Refused(400, f"{PARAMETERS}Empty subscription name")
    # The first of a repeated parameter counts.
    query = dict(reversed(parse_qsl(url.query, keep_blank_values=True)))
    return Wanted(endpoint, "/".join(decoded[5:8]), subscription, query)


def broker_error(reason: str) -> str:
    """What the broker said, as the server passes it on."""
    said = {"errorMsg": reason, "reqId": 4065004307278081147}
    ends = '"remote":"127.0.0.1/127.0.0.1:6650", "local":"/127.0.0.1:54050"'
    return f"{json.dumps(said, separators=(',', ':'))[:-1]}, {ends}}}"


def page(refused: Refused, path: str) -> Response:
    """The HTML page Jetty answers with."""
    where = html.escape(urlsplit(path).path)
    why = html.escape(refused.reason).replace("&#x27;", "&apos;")
    text = (
        '<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html;charset=ISO-8859-1"/>\n'
        f"<title>Error {refused.status} {why}</title>\n</head>\n"
        f"<body><h2>HTTP ERROR {refused.status} {why}</h2>\n<table>\n"
        f"<tr><th>URI:</th><td>{where}</td></tr>\n"
        f"<tr><th>STATUS:</th><td>{refused.status}</td></tr>\n"
        f"<tr><th>MESSAGE:</th><td>{why}</td></tr>\n</table>\n"
        '<hr/><a href="https://jetty.org/">Powered by Jetty:// 9.4.58.v20250814</a><hr/>\n\n'
        "</body>\n</html>\n"
    ).encode()
    headers = Headers(
        {
            "Cache-Control": "must-revalidate,no-cache,no-store",
            "Content-Type": "text/html;charset=iso-8859-1",
            "Content-Length": str(len(text)),
            "Connection": "close",
        }
    )
    return Response(refused.status, _phrase(refused.status), headers, text)


def _phrase(status: int) -> str:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        return ""
    return "Server Error" if status == 500 else phrase
