"""A destination's configuration: its document and the mapping that it names, made ready to use."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from switchboard.configuration import (
    Configured,
    LastGood,
    NotConfigured,
    Parameters,
    parse_document,
)
from switchboard.delivery import Configuration, Mapped, no_other_version
from switchboard.destination import (
    AfterDeadLetter,
    Destination,
    DestinationDocument,
    DestinationSpec,
    Repeat,
)
from switchboard.errors import ConfigurationError
from switchboard.event import Event
from switchboard.mapping import Mapping as EventMapping
from switchboard.mapping import MappingDocument, compile_expression, compile_mapping

Made = tuple[DestinationDocument, Destination]


class DestinationDocuments:
    """What one destination's deliveries are made with, as its documents stand now."""

    def __init__(
        self,
        spec: DestinationSpec,
        name: str,
        *,
        parameters: Parameters,
        last_good: LastGood,
        make: Callable[[DestinationDocument], Destination],
    ) -> None:
        self._spec = spec
        self._name = f"destinations/{name}"
        self._parameters = parameters
        self._last_good = last_good
        self._make = make

    def configuration(self) -> Configuration:
        """The configuration that serves.

        Raises:
            ConfigurationError: there is none, or it is broken and never was good.
            Unavailable: the documents cannot be read.
        """
        document, destination = self._judged(self._name, self._compile).document
        mapped, version = self._mapping(document)
        return Configuration(
            destination=destination,
            mapped=mapped,
            repeat=repeat_of(self._spec, document),
            holds=document.after_dead_letter is AfterDeadLetter.HOLD,
            mapping_version=version,
            mapping_of=partial(self._mapping_of, document),
        )

    def _judged(self, name: str, compile_text: Callable[[str], Any]) -> Configured[Any]:
        parameter = self._parameters.get(name).get(name)
        if parameter is None:
            raise NotConfigured(
                f"{name} is deployed but not configured; write its document and run `switchboard"
                " apply`"
            )
        return self._last_good.judge(name, parameter, compile_text)

    def _compile(self, text: str) -> Made:
        document = parse_document(self._spec.document, self._name, text)
        compile_expression(document.when)
        repeat_of(self._spec, document)
        return document, self._make(document)

    def _mapping(self, document: DestinationDocument) -> tuple[Mapped, int | None]:
        if document.mapping is None:
            return whole_event, None
        name = f"mappings/{document.mapping}"
        serving = self._judged(name, lambda text: compile_mapping_document(name, text))
        return serving.document.apply, serving.version

    def _mapping_of(self, document: DestinationDocument, version: int) -> Mapped:
        """Another version of the mapping that the document names now."""
        if document.mapping is None:
            return no_other_version(version)
        name = f"mappings/{document.mapping}"
        found = self._last_good.kept(
            name, version, lambda text: compile_mapping_document(name, text)
        )
        return found.apply if found is not None else no_other_version(version)


def compile_mapping_document(name: str, text: str) -> EventMapping:
    """The mapping in a document's text; raises ConfigurationError."""
    return compile_mapping(parse_document(MappingDocument, name, text).fields)


def whole_event(event: Event) -> Mapping[str, Any]:
    """The output where no mapping is named: the event as it is."""
    return event.model_dump(mode="json")


def repeat_of(spec: DestinationSpec, document: DestinationDocument) -> Repeat:
    """What may follow an unknown outcome: the document's choice where the spec allows one.

    Raises:
        ConfigurationError: the spec does not allow it.
    """
    chosen = getattr(document, "repeat", None)
    if chosen is None:
        return spec.repeat
    if chosen not in spec.repeat_choices:
        allowed = ", ".join(spec.repeat_choices)
        raise ConfigurationError(
            f"repeat: {chosen} is not possible for {spec.kind}; it takes {allowed}"
        )
    return Repeat(chosen)
