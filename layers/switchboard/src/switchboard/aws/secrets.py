"""Secrets Manager: the current value of a secret and, for a while, the one before it."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from switchboard.aws.clients import client
from switchboard.aws.failures import error_code, translated
from switchboard.aws.parameters import prefix
from switchboard.errors import ConfigurationError

READ_EVERY_SECONDS = 60.0
HOUR_SECONDS = 60 * 60

_FIELDS = TypeAdapter(dict[str, str])


class StageSecrets:
    """See SecretStore. A secret is read at most once a minute per sandbox.

    Infrastructure makes secrets without a value; AWSPREVIOUS is what AWSCURRENT was before the
    last change.
    """

    def __init__(self, stage: str, clock: Callable[[], float]) -> None:
        self._prefix = prefix(stage)
        self._clock = clock
        self._known: dict[str, tuple[float, tuple[Mapping[str, str], ...]]] = {}

    def accepted(self, name: str, *, rotation_hours: int = 24) -> tuple[Mapping[str, str], ...]:
        """See SecretStore."""
        now = self._clock()
        known = self._known.get(name)
        if known is not None and now < known[0]:
            return known[1]
        values = self._read(name, rotation_hours, now)
        self._known[name] = (now + READ_EVERY_SECONDS, values)
        return values

    def refresh(self, name: str) -> None:
        """See SecretStore; the next `accepted` asks Secrets Manager at once."""
        self._known.pop(name, None)

    def _read(self, name: str, rotation_hours: int, now: float) -> tuple[Mapping[str, str], ...]:
        current = self._version(name, "AWSCURRENT")
        if current is None:
            raise ConfigurationError(
                f"reading the secret {self._prefix}{name}: it has no value yet; run `switchboard"
                f" secrets set {name}`"
            )
        values = [_fields(name, current["SecretString"])]
        if now - current["CreatedDate"].timestamp() < rotation_hours * HOUR_SECONDS:
            previous = self._version(name, "AWSPREVIOUS")
            if previous is not None:
                values.append(_fields(name, previous["SecretString"]))
        return tuple(values)

    def _version(self, name: str, stage: str) -> Any:
        from botocore.exceptions import ClientError

        with translated(f"reading the secret {self._prefix}{name}"):
            try:
                return client("secretsmanager").get_secret_value(
                    SecretId=self._prefix + name, VersionStage=stage
                )
            except ClientError as error:
                if error_code(error) != "ResourceNotFoundException":
                    raise
                return None


def _fields(name: str, text: str) -> Mapping[str, str]:
    try:
        return _FIELDS.validate_json(text)
    except ValidationError:
        # The error would quote the secret.
        raise ConfigurationError(
            f"reading the secret {name}: it is no JSON object of texts; run `switchboard secrets"
            f" set {name}`"
        ) from None
