"""The address and the credential of the legacy Streaming API."""

import base64
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from switchboard.sources.sapi_document import SapiDocument

PATH = "/api/streaming/v1/clientconnect/subscribe"


def subscription_name(document: SapiDocument) -> str:
    """What a subscription is called wherever it is kept or told."""
    return f"{document.cluster}/{document.tenant}/{document.subscription}"


def subscribe_url(document: SapiDocument) -> str:
    """The subscription; the tenant and its id are wanted in the path and in the query."""
    scheme = "wss" if document.tls else "ws"
    topic = quote(f"TenantUpdates-{document.tenant}-{document.subscription}", safe="")
    query = {
        "desiredOutputType": document.output,
        "tenantId": document.tenant,
        "subsId": document.subscription,
    }
    return f"{scheme}://{document.cluster}{PATH}/{topic}?{urlencode(query, quote_via=quote)}"


def credential(secret: Mapping[str, str]) -> Mapping[str, str]:
    """The user's name and the data request token, as a header."""
    pair = f"{secret['username']}:{secret['token']}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
