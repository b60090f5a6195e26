"""What botocore raises, as Switchboard's own errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from switchboard.errors import ConfigurationError, Unavailable

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AccessDeniedFault", "403"})


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raise what AWS answers to `doing` ("sending to SQS") as one of switchboard.errors.

    Raises:
        ConfigurationError: the role may not do it.
        Unavailable: anything else: throttled, away, or timed out; our stores are all idempotent,
            so doing it again is safe.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error_code(error)
        if code in _DENIED:
            raise ConfigurationError(
                f"{doing}: the function's role may not do it ({error.operation_name}); deploy the"
                " stack again"
            ) from error
        raise Unavailable(f"{doing}: AWS answered {code}") from error
    except BotoCoreError as error:
        raise Unavailable(f"{doing}: {type(error).__name__}") from error


def error_code(error: Any) -> str:
    """The error's code as AWS names it."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))
