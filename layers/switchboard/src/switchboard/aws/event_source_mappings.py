"""Lambda's event source mappings: whether they poll, and switching them.

Both directions are asynchronous: a mapping is `Enabling` or `Disabling` for up to a minute, and
refuses every other change meanwhile.
https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
"""

from switchboard.aws.clients import client
from switchboard.aws.failures import error_code, translated

_SETTLED = {"Enabled": True, "Disabled": False}
_CHANGING = frozenset({"ResourceConflictException", "ResourceInUseException"})


class LambdaMappings:
    """See Mappings."""

    def is_enabled(self, mapping_id: str) -> bool | None:
        """See Mappings."""
        with translated("reading an event source mapping"):
            answer = client("lambda").get_event_source_mapping(UUID=mapping_id)
        return _SETTLED.get(answer["State"])

    def switch(self, mapping_id: str, *, enabled: bool) -> bool:
        """See Mappings."""
        from botocore.exceptions import ClientError

        with translated("switching an event source mapping"):
            try:
                client("lambda").update_event_source_mapping(UUID=mapping_id, Enabled=enabled)
            except ClientError as error:
                if error_code(error) not in _CHANGING:
                    raise
                return False
        return True
