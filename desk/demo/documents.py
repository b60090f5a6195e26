"""The demo's documents and secrets, written as an operator would."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from desk.apply.documents import read_documents

FOLDER = Path(__file__).parent / "documents"
SECRETS = {
    "sources/meetings": "whsec_9635df66714a4cf088ee9d0979dd3bf6",
    "sources/partner": "whsec_cGFydG5lci1zaWducy13aXRoLXRoaXMta2V5",
    "sources/legacy-pbx": "the pbx signs with this",
    "destinations/crm": "whsec_Y3JtLXZlcmlmaWVzLXdpdGgtdGhpcy1rZXkh",
    "destinations/pager": "whsec_cGFnZXItdmVyaWZpZXMtd2l0aC10aGlzLWtleQ==",
}
CHAT = "chat"
CHAT_BOT = "the bot's own token"
CHAT_CHANNEL = "C0SUPPORT"
STREAM = "contact-centre"
STREAM_KEY = "the tenant's own api key"
LAKE = "switchboard-laptop-lake"


def configure(client: Any, stage: str, urls: Mapping[str, str]) -> None:
    """Write documents and secrets into a stage. `client` makes AWS clients by service.

    `urls` replaces `{name}` in the documents by the address of a stand-in, or of the stream.
    """
    client("s3").create_bucket(
        Bucket=LAKE, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    secrets = client("secretsmanager")
    for name, secret in SECRETS.items():
        secrets.put_secret_value(
            SecretId=f"/switchboard/{stage}/{name}",
            SecretString=json.dumps({"signing_secret": secret}),
        )
    for name, fields in (
        (f"sources/{STREAM}", {"key": STREAM_KEY}),
        (f"destinations/{CHAT}", {"bot_token": CHAT_BOT}),
    ):
        secrets.put_secret_value(
            SecretId=f"/switchboard/{stage}/{name}", SecretString=json.dumps(fields)
        )
    ssm = client("ssm")
    for name, text in read_documents(FOLDER).items():
        for stand_in, url in urls.items():
            text = text.replace(f"{{{stand_in}}}", url)  # noqa: PLW2901 - each replaces its own
        ssm.put_parameter(Name=f"/switchboard/{stage}/{name}", Value=text, Type="String")
