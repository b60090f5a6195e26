"""The desk's one boto3 factory: an emulator's clients, for the operator or for a role."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

REGION = "eu-west-1"
ACCOUNT = "123456789012"
OPERATOR = "OPERATOR"

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 2},
    connect_timeout=5,
    read_timeout=30,
    max_pool_connections=32,
    parameter_validation=False,
    s3={"addressing_style": "path"},
)
_LOADER = Loader()


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key. The emulator knows whose it is by the key alone."""

    key_id: str

    def environment(self) -> dict[str, str]:
        """As Lambda gives it to a function."""
        return {
            "AWS_ACCESS_KEY_ID": self.key_id,
            "AWS_SECRET_ACCESS_KEY": self.key_id,
            "AWS_SESSION_TOKEN": self.key_id,
        }


def emulator_client(service: str, endpoint_url: str, credentials: Credentials | None = None) -> Any:
    """A client of `service` at the emulator; without credentials, the operator's.

    The same one for the same arguments: clients may be shared by threads, and one takes 700 ms.
    """
    return _client(service, endpoint_url, (credentials or Credentials(OPERATOR)).key_id)


@lru_cache(maxsize=256)
def _client(service: str, endpoint_url: str, key: str) -> Any:
    # Sessions are not safe to share as clients are; what takes time is the loader's to read.
    session = botocore.session.get_session()
    session.register_component("data_loader", _LOADER)
    # The service is any of AWS's; botocore's stubs want a literal for each.
    make: Any = session.create_client
    return make(
        service,
        region_name=REGION,
        endpoint_url=endpoint_url,
        aws_access_key_id=key,
        aws_secret_access_key=key,
        aws_session_token=None if key == OPERATOR else key,
        config=_CONFIG,
    )
