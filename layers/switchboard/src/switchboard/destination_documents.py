"""A destination's configuration: its document and the mapping that it names, made ready to use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from switchboard.candidates import Candidates, Standing
from switchboard.configuration import (
    Configured,
    NotConfigured,
    Parameter,
    Parameters,
    parse_document,
)
from switchboard.delivery import Configuration, Mapped, no_other_version
from switchboard.destination import (
    AfterDeadLetter,
    Destination,
    DestinationDocument,
    DestinationSpec,
    Records,
    Repeat,
)
from switchboard.envelope import RawRef
from switchboard.errors import ConfigurationError
from switchboard.event import Event, as_document
from switchboard.gathering import Gather, nothing_to_gather
from switchboard.mapping import (
    IN_PREDICATES,
    Asking,
    MappingDocument,
    compile_expression,
    compile_mapping,
)
from switchboard.mapping import Mapping as EventMapping
from switchboard.mapping.calls import Key, no_key
from switchboard.mapping.origins import Path
from switchboard.policy import POLICY, Policy
from switchboard.trial import OnTrial
from switchboard.withholding import check_destination, compile_policy

Made = tuple[DestinationDocument, Destination]

NOTHING_SENSITIVE = Configured(Policy(), 0)


class DestinationDocuments:
    """What one destination's deliveries are made with, as its documents stand now.

    A mapping is judged for each destination that uses it (as `mappings/NAME@DESTINATION`): what one
    takes, another may refuse.
    """

    def __init__(
        self,
        spec: DestinationSpec,
        name: str,
        *,
        parameters: Parameters,
        candidates: Candidates,
        make: Callable[[DestinationDocument], Destination],
        key: Key = no_key,
        gather: Gather = nothing_to_gather,
    ) -> None:
        self._spec = spec
        self._destination = name
        self._name = f"destinations/{name}"
        self._policy = NOTHING_SENSITIVE
        self._parameters = parameters
        self._candidates = candidates
        self._make = make
        self._key = key
        self._gather = gather

    def configuration(self) -> Configuration:
        """The good configuration, with the one on trial in `candidate`.

        Raises:
            ConfigurationError: there is none, or it is broken and never was good.
            Unavailable: the documents cannot be read.
        """
        document = self._document(self._compile)
        mapping = self._mapping(document.good.document[0], is_newest=document.candidate is None)
        good_mapping = None if mapping is None else mapping.good
        good = self._configuration(document.good, good_mapping, _allowed(document))
        return replace(good, candidate=self._candidate(document, mapping))

    def without_mapping(self) -> tuple[Destination, frozenset[Path]]:
        """The destination, for what is no event, and what of events is withheld from it.

        Raises:
            ConfigurationError: its document is broken and never was good.
            Unavailable: the documents cannot be read.
        """
        document = self._document(self._made)
        _, destination = document.good.document
        return destination, self._policy.document.withheld(_allowed(document))

    def _document(self, compile_text: Callable[[str], Made]) -> Standing[Made]:
        found = self._parameters.get(self._name, POLICY)
        if self._name not in found:
            raise _not_configured(self._name)
        self._policy = self._policy_in(found.get(POLICY))
        return self._candidates.stand(
            self._name, found[self._name], compile_text, under=self._policy.version
        )

    def _policy_in(self, parameter: Parameter | None) -> Configured[Policy]:
        """What is sensitive now: a policy has no trial, and a broken one leaves the last good."""
        if parameter is None:
            return NOTHING_SENSITIVE
        return self._candidates.settled(POLICY, parameter, compile_policy)

    def _candidate(
        self, document: Standing[Made], mapping: Standing[EventMapping] | None
    ) -> Configuration | None:
        """What is on trial; None also where the document on trial names no mapping that works.

        Its mapping may be written a moment later; until then there is nothing to be tried.
        """
        if document.candidate is not None:
            try:
                mapping = self._mapping(document.candidate.document[0], is_newest=True)
            except ConfigurationError:
                return None
        changes = [
            standing.change
            for standing in (document, mapping)
            if standing is not None and standing.change is not None
        ]
        if not changes:
            return None
        newest = None if mapping is None else mapping.newest
        try:
            made = self._configuration(
                document.newest, newest, document.newest.document[0].sensitive
            )
        except ConfigurationError:
            return None
        versions = (made.document_version, made.mapping_version)
        return replace(made, trial=OnTrial(self._destination, tuple(changes), versions))

    def _configuration(
        self,
        document: Configured[Made],
        mapping: Configured[EventMapping] | None,
        allowed: frozenset[str],
    ) -> Configuration:
        made, destination = document.document
        made = made.model_copy(update={"sensitive": allowed})
        self._check(made, None if mapping is None else mapping.document)
        return Configuration(
            destination=destination,
            mapped=whole_event if mapping is None else self._mapped(mapping.document),
            repeat=repeat_of(self._spec, made),
            record=sends_records(self._spec, made),
            holds=made.after_dead_letter is AfterDeadLetter.HOLD,
            mapping_version=None if mapping is None else mapping.version,
            mapping_of=partial(self._mapping_of, made),
            document_version=document.version,
            shadow=made.shadow,
            continues=made.continues(),
            compact_seconds=made.compact_seconds,
            requests_per_second=made.requests_per_second,
            prefetch=None if mapping is None else self._prefetch(mapping.document.asking),
        )

    def _mapped(self, mapping: EventMapping) -> Mapped:
        def mapped(event: Event, raw_ref: RawRef | None = None) -> Mapping[str, Any]:
            document = as_document(event)
            return mapping.evaluate(document, self._gather(mapping.asking, document, raw_ref))

        return mapped

    def _prefetch(self, asking: Asking) -> Callable[[Sequence[Event]], None] | None:
        if not asking.programs:
            return None
        return lambda events: self._gather.prefetch(asking, [as_document(one) for one in events])

    def _compile(self, text: str) -> Made:
        document, destination = self._made(text)
        if document.mapping is None:
            self._check(document, None)
        return document, destination

    def _made(self, text: str) -> Made:
        document = parse_document(self._spec.document, self._name, text)
        for predicate in document.predicates:
            compile_expression(predicate, IN_PREDICATES)
        repeat_of(self._spec, document)
        return document, self._make(document)

    def _check(self, document: DestinationDocument, mapping: EventMapping | None) -> None:
        check_destination(self._name, document, mapping, self._policy.document)

    def _mapping(
        self, document: DestinationDocument, *, is_newest: bool
    ) -> Standing[EventMapping] | None:
        """How the mapping that `document` names stands; an older document's may be gone."""
        if document.mapping is None:
            return None
        name, judged_as = self._mapping_names(document.mapping)
        compile_text = partial(self._compile_mapping, document, name)
        parameter = self._parameters.get(name).get(name)
        if parameter is not None:
            return self._candidates.stand(
                judged_as, parameter, compile_text, formerly=name, under=self._policy.version
            )
        last = None if is_newest else self._candidates.last(judged_as, compile_text)
        if last is None:
            raise _not_configured(name)
        return Standing(last)

    def _mapping_of(self, document: DestinationDocument, version: int) -> Mapped:
        """Another version of the mapping that the document names now."""
        if document.mapping is None:
            return no_other_version(version)
        name, judged_as = self._mapping_names(document.mapping)
        compile_text = partial(self._compile_mapping, document, name)
        found = self._candidates.version(judged_as, version, compile_text, formerly=name)
        return self._mapped(found) if found is not None else no_other_version(version)

    def _compile_mapping(self, document: DestinationDocument, name: str, text: str) -> EventMapping:
        mapping = compile_mapping_document(name, text, key=self._key)
        self._check(document, mapping)
        return mapping

    def _mapping_names(self, mapping: str) -> tuple[str, str]:
        return f"mappings/{mapping}", mapping_judged_as(mapping, self._destination)


def _allowed(document: Standing[Made]) -> frozenset[str]:
    """What the good document allows; what the newest does not any more, not until a trial ends."""
    (good, _), (newest, _) = document.good.document, document.newest.document
    return good.sensitive & newest.sensitive


def mapping_judged_as(mapping: str, destination: str) -> str:
    """The name under which a destination's judgements of a mapping are kept."""
    return f"mappings/{mapping}@{destination}"


def _not_configured(name: str) -> NotConfigured:
    return NotConfigured(
        f"{name} is deployed but not configured; write its document and run `switchboard apply`"
    )


def compile_mapping_document(name: str, text: str, *, key: Key = no_key) -> EventMapping:
    """The mapping in a document's text; raises ConfigurationError."""
    document = parse_document(MappingDocument, name, text)
    return compile_mapping(document.fields, key)


def whole_event(event: Event, raw_ref: RawRef | None = None) -> Mapping[str, Any]:
    """The output where no mapping is named: the event as it is."""
    del raw_ref
    return event.model_dump(mode="json")


def sends_records(spec: DestinationSpec, document: DestinationDocument) -> bool:
    """Whether its deliveries are whole records, under the version guard."""
    asked = spec.records is Records.BY_DOCUMENT and bool(getattr(document, "record", False))
    return asked or spec.records is Records.ALWAYS


def repeat_of(spec: DestinationSpec, document: DestinationDocument) -> Repeat:
    """What may follow an unknown outcome: the document's choice where it has one.

    Raises:
        ConfigurationError: neither the spec nor the rest of the document allows it.
    """
    chosen = getattr(document, "repeat", None)
    own = document.repeats()
    if chosen is None:
        return own[0] if own else spec.repeat
    possible = own or spec.repeat_choices
    if chosen not in possible:
        allowed = ", ".join(possible)
        raise ConfigurationError(
            f"repeat: {chosen} is not possible for {spec.kind}; it takes {allowed}"
        )
    return Repeat(chosen)
