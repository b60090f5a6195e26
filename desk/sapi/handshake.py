"""The request that subscribes, and with which status it is refused."""

import base64
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from websockets.http11 import Request

from desk.pulsar.handshake import Refused
from desk.sapi.settings import Settings

PATH = "/api/streaming/v1/clientconnect/subscribe/"
OUTPUTS = ("JSON", "NEWLINE_JSON")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscription somebody wants, and how its events are to be written."""

    subscription: str
    output: str


def wanted(request: Request, settings: Settings) -> Wanted:
    """What the request asks for.

    Raises:
        Refused: 404 for another path, 401 and 403 for credentials, 400 for what does not fit.
    """
    url = urlsplit(request.path)
    if not url.path.startswith(PATH):
        raise Refused(404, "Not Found")
    pair = base64.b64encode(f"{settings.username}:{settings.token}".encode()).decode()
    if request.headers.get("Authorization") != f"Basic {pair}":
        raise Refused(401, "Unauthorized")
    query = dict(parse_qsl(url.query))
    tenant, subscription = query.get("tenantId", ""), query.get("subsId", "")
    if tenant != settings.tenant:
        raise Refused(403, "Forbidden")
    if unquote(url.path.removeprefix(PATH)) != f"TenantUpdates-{tenant}-{subscription}":
        raise Refused(400, "the path and the query name different subscriptions")
    if not subscription or query.get("desiredOutputType") not in OUTPUTS:
        raise Refused(400, f"desiredOutputType must be one of {', '.join(OUTPUTS)}")
    return Wanted(subscription, query["desiredOutputType"])
