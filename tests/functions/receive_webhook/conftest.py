from collections.abc import Callable, Mapping
from typing import Any

import pytest

from functions.receive_webhook.gateway import Answer
from functions.receive_webhook.receiver import Ports, Receiver
from switchboard.testing.receiving import (
    JAAS_SECRET,
    SMS_AUTHORIZATION,
    STANDARD_SECRET,
    ReceivingStores,
)


@pytest.fixture
def stores() -> ReceivingStores:
    made = ReceivingStores()
    made.configure("meetings", "{}", JAAS_SECRET)
    made.configure("partner", '{"group": "data.call_id"}', STANDARD_SECRET)
    made.configure("legacy-pbx", '{"header": "x-sig"}', "pbx-secret")
    made.configure("sms", '{"region": "SG"}', SMS_AUTHORIZATION, "authorization")
    return made


@pytest.fixture
def receive(stores: ReceivingStores) -> Callable[[Mapping[str, Any]], Answer]:
    sources = {
        "meetings": "jaas",
        "partner": "standard_webhooks",
        "legacy-pbx": "hmac",
        "sms": "connect_sms",
        "unready": "jaas",
        "contact-center": "stream",
        "from-a-later-release": "sapi",
    }
    ports = Ports(
        ingest=stores.ingest,
        claims=stores.claims,
        parameters=stores.parameters,
        last_good=stores.last_good,
        secrets=stores.secrets,
        states=stores.source_states,
        telemetry=stores.telemetry,
        clock=stores.clock,
    )
    return Receiver(sources, 1_000_000, ports).answer
