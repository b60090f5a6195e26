"""A mapping: the fields of what is sent, each an expression over the event."""

import json
from collections.abc import Mapping as Fields
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from switchboard.errors import ConfigurationError, EventError
from switchboard.event import Event, as_document
from switchboard.mapping.calls import Key, no_key
from switchboard.mapping.catalogue import Need
from switchboard.mapping.compiled import FAILURES, Compiled
from switchboard.mapping.compiling import compile_fields, compile_value
from switchboard.mapping.expressions import why
from switchboard.mapping.given import NOTHING, Asking, Given
from switchboard.mapping.grammar import Node, parse
from switchboard.mapping.origins import Path, paths_of

LARGEST_OUTPUT = 64 * 1024
EVERYTHING = frozenset(Need)


class MappingDocument(BaseModel):
    """A document under `mappings/`. `cases` are its tests; `switchboard apply` strips them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: dict[str, str] = Field(min_length=1, description="Field to JMESPath expression.")
    cases: list[dict[str, Any]] | None = Field(default=None, description="Input and output pairs.")


class Mapping:
    """A mapping, compiled as one function. `asking` says what has to be given beside an event."""

    def __init__(
        self, fields: Fields[str, str], trees: Fields[str, Node], compiled: Compiled, asking: Asking
    ) -> None:
        self.asking = asking
        self._fields = fields
        self._trees = trees
        self._compiled = compiled
        self._run = compiled.run

    @cached_property
    def flows(self) -> Fields[str, frozenset[Path]]:
        """Which paths of an event flow into each field."""
        return {field: paths_of(tree) for field, tree in self._trees.items()}

    def apply(self, event: Event, given: Given = NOTHING) -> dict[str, Any]:
        """Every field's value on `event`; what is absent is null.

        Raises:
            EventError: naming the field, or that the output is too large.
        """
        return self.evaluate(as_document(event), given)

    def evaluate(self, document: dict[str, Any], given: Given = NOTHING) -> dict[str, Any]:
        """Every field's value on an event's JSON; raises EventError as `apply` does."""
        try:
            output: dict[str, Any] = self._run(document, given.find, given.raw)
        except FAILURES as error:
            raise self._failed(error) from None
        try:
            size = len(to_json(output))
        except ValueError:
            size = _escaped_size(output)
        if size > LARGEST_OUTPUT:
            raise EventError(
                f"mapping: the output has {size} bytes, at most {LARGEST_OUTPUT} are taken"
            )
        return output

    def _failed(self, error: Exception) -> EventError:
        failure = self._compiled.failure(error)
        if failure is None:
            return EventError(f"mapping: {why('', None, error)}")
        said = why(self._fields[failure.field], failure, error)
        return EventError(f"mapping the field {failure.field!r}: {said}")


def _escaped_size(output: dict[str, Any]) -> int:
    """In bytes of JSON, where it is no UTF-8: lone surrogates can still be escaped."""
    try:
        return len(json.dumps(output))
    except (TypeError, ValueError, RecursionError):
        raise EventError("mapping: the output is no JSON") from None


def compile_mapping(fields: Fields[str, str], key: Key = no_key) -> Mapping:
    """Compile every field; `key` is asked for by the functions that need one, when they run.

    Raises:
        ConfigurationError: naming the field and what is wrong with its expression.
    """
    trees = {}
    for field, text in fields.items():
        try:
            trees[field] = parse(text, EVERYTHING)
        except ConfigurationError as error:
            raise ConfigurationError(f"fields.{field}: {error}") from None
    compiled = compile_fields(trees, key)
    return Mapping(dict(fields), trees, compiled, _asking(trees, key, compiled))


def _asking(trees: Fields[str, Node], key: Key, compiled: Compiled) -> Asking:
    if not compiled.needs:
        return Asking([])
    programs = [compile_value(tree, key) for tree in trees.values()]
    return Asking(
        [program for program in programs if Need.REFERENCE in program.needs],
        raw=Need.RAW in compiled.needs,
    )
