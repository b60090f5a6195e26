"""What applying would do: pure, over the documents wanted and those that are there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from desk.apply.blocks import check_blocks
from infra.catalogue import destination_kinds
from switchboard.configuration import parse_document
from switchboard.destination import DestinationDocument, DestinationSpec
from switchboard.destination_documents import (
    compile_mapping_document,
    repeat_of,
)
from switchboard.errors import ConfigurationError
from switchboard.mapping import IN_PREDICATES, compile_expression
from switchboard.policy import POLICY, Policy
from switchboard.sources import KINDS
from switchboard.timers import compile_timer
from switchboard.trial import difference
from switchboard.withholding import check_destination, policy_in

STANDARD_CHARACTERS = 4096
ADVANCED_BYTES = 8192


class Action(StrEnum):
    """What is done with a document."""

    CREATE = "create"
    CHANGE = "change"
    KEEP = "keep"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Step:
    """One document: what is done with it, and why it is refused."""

    name: str
    action: Action
    text: str
    before: str = ""
    reason: str = ""

    @property
    def tier(self) -> str:
        """SSM's tier for a text of this size."""
        return "Standard" if len(self.text) <= STANDARD_CHARACTERS else "Advanced"

    @property
    def diff(self) -> Sequence[str]:
        """The change, line by line, of the documents as a person reads them."""
        return difference(self.before, self.text, "in SSM", "in the file")


def plan(
    wanted: Mapping[str, str], there: Mapping[str, str], kinds: Mapping[str, str]
) -> Sequence[Step]:
    """A step for each wanted document. `kinds` are those of deployed sources and destinations."""
    return [_step(name, text, wanted, there, kinds) for name, text in sorted(wanted.items())]


def _step(
    name: str,
    text: str,
    wanted: Mapping[str, str],
    there: Mapping[str, str],
    kinds: Mapping[str, str],
) -> Step:
    before = there.get(name, "")
    try:
        _check_size(text)
        _check(name, text, {**there, **wanted}, kinds)
    except ConfigurationError as error:
        return Step(name, Action.REFUSE, text, before, str(error))
    if name not in there:
        return Step(name, Action.CREATE, text)
    same = json.loads(before or "null") == json.loads(text)
    return Step(name, Action.KEEP if same else Action.CHANGE, text, before)


def _check_size(text: str) -> None:
    """Refuse what SSM would, with the size of each field.

    Raises:
        ConfigurationError: it is larger than the advanced tier takes.
    """
    size = len(text.encode())
    if size <= ADVANCED_BYTES:
        return
    document: Mapping[str, Any] = json.loads(text)
    sizes = sorted(((len(json.dumps(v)), k) for k, v in document.items()), reverse=True)
    fields = ", ".join(f"{name} {length}" for length, name in sizes[:5])
    raise ConfigurationError(
        f"it has {size} bytes, and SSM takes {ADVANCED_BYTES} in its advanced tier; by field:"
        f" {fields}"
    )


def _check(name: str, text: str, known: Mapping[str, str], kinds: Mapping[str, str]) -> None:
    """Judge a document as the functions will.

    Raises:
        ConfigurationError: saying what is wrong with it.
    """
    folder = name.partition("/")[0]
    if folder == "mappings":
        compile_mapping_document(name, text)
        _check_users(name, known, kinds)
        return
    if folder == "timers":
        compile_timer(name.partition("/")[2], text)
        return
    if folder == "policies":
        _check_policy(name, known, kinds)
        return
    kind = kinds.get(name)
    if kind is None:
        raise ConfigurationError(
            f"no {folder.removesuffix('s')} of this name is deployed; add it to cdk.json and deploy"
        )
    if folder == "sources":
        parse_document(KINDS[kind].document, name, text)
        return
    _check_destination(destination_kinds()[kind], name, text, known)


def _check_policy(name: str, known: Mapping[str, str], kinds: Mapping[str, str]) -> None:
    """That no destination is sent what it may not get, as its documents will be."""
    if name != POLICY:
        raise ConfigurationError(f"there is one policy, {POLICY}; write it there")
    policy_in(known)
    _check_users(None, known, kinds)


def _check_users(mapping: str | None, known: Mapping[str, str], kinds: Mapping[str, str]) -> None:
    """That every destination that uses a mapping, or any, gets nothing that it may not get."""
    policy = policy_in(known)
    for destination, kind in kinds.items():
        if destination.startswith("destinations/") and destination in known:
            spec = destination_kinds()[kind]
            document = parse_document(spec.document, destination, known[destination])
            if mapping in {None, f"mappings/{document.mapping}"}:
                _check_sent(destination, document, known, policy)


def _check_destination(
    spec: DestinationSpec, name: str, text: str, known: Mapping[str, str]
) -> None:
    document = parse_document(spec.document, name, text)
    for predicate in document.predicates:
        compile_expression(predicate, IN_PREDICATES)
    repeat_of(spec, document)
    _check_sent(name, document, known, policy_in(known))
    if document.mapping is not None and spec.kind == "slack":
        mapping = f"mappings/{document.mapping}"
        check_blocks(mapping, known[mapping])


def _check_sent(
    name: str, document: DestinationDocument, known: Mapping[str, str], policy: Policy
) -> None:
    compiled = None
    if document.mapping is not None:
        mapping = f"mappings/{document.mapping}"
        if mapping not in known:
            raise ConfigurationError(
                f"mapping: there is no {mapping}, neither in the files nor in SSM"
            )
        compiled = compile_mapping_document(mapping, known[mapping])
    check_destination(name, document, compiled, policy)
