"""A mapping: the fields of what is sent, each an expression over the event."""

import json
from collections.abc import Mapping as Fields
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from switchboard.errors import ConfigurationError, EventError
from switchboard.event import Event
from switchboard.mapping.expressions import Expression, compile_expression

LARGEST_OUTPUT = 64 * 1024


class MappingDocument(BaseModel):
    """A document under `mappings/`. `cases` are its tests; `switchboard apply` strips them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: dict[str, str] = Field(min_length=1, description="Field to JMESPath expression.")
    cases: list[dict[str, Any]] | None = Field(default=None, description="Input and output pairs.")


class Mapping:
    """A compiled mapping."""

    def __init__(self, fields: Fields[str, Expression]) -> None:
        self._fields = dict(fields)

    def apply(self, event: Event) -> dict[str, Any]:
        """Every field's value on `event`; what is absent is null.

        Raises:
            EventError: naming the field, or that the output is too large.
        """
        document = event.model_dump(mode="json")
        output: dict[str, Any] = {}
        for field, expression in self._fields.items():
            try:
                output[field] = expression.evaluate(document)
            except EventError as error:
                raise EventError(f"mapping the field {field!r}: {error}") from None
        try:
            size = len(json.dumps(output))
        except (TypeError, ValueError, RecursionError):
            raise EventError("mapping: the output is no JSON") from None
        if size > LARGEST_OUTPUT:
            raise EventError(
                f"mapping: the output has {size} bytes, at most {LARGEST_OUTPUT} are taken"
            )
        return output


def compile_mapping(fields: Fields[str, str]) -> Mapping:
    """Compile every field.

    Raises:
        ConfigurationError: naming the field and what is wrong with its expression.
    """
    compiled: dict[str, Expression] = {}
    for field, text in fields.items():
        try:
            compiled[field] = compile_expression(text)
        except ConfigurationError as error:
            raise ConfigurationError(f"fields.{field}: {error}") from None
    return Mapping(compiled)
