"""What applying would do: pure, over the documents wanted and those that are there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from desk.apply.blocks import check_blocks
from infra.catalogue import destination_kinds
from switchboard.configuration import parse_document
from switchboard.destination import DestinationSpec
from switchboard.destination_documents import check_policy, compile_mapping_document, repeat_of
from switchboard.errors import ConfigurationError
from switchboard.mapping import IN_PREDICATES, compile_expression
from switchboard.sources import KINDS
from switchboard.timers import compile_timer
from switchboard.trial import difference

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
        _check_mapping(name, text, known, kinds)
        return
    if folder == "timers":
        compile_timer(name.partition("/")[2], text)
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


def _check_mapping(
    name: str, text: str, known: Mapping[str, str], kinds: Mapping[str, str]
) -> None:
    """That it compiles, and gives no destination that uses it what that one may not get."""
    mapping = compile_mapping_document(name, text)
    for destination, kind in kinds.items():
        if destination.startswith("destinations/") and destination in known:
            spec = destination_kinds()[kind]
            document = parse_document(spec.document, destination, known[destination])
            if f"mappings/{document.mapping}" == name:
                check_policy(destination, document, mapping)


def _check_destination(
    spec: DestinationSpec, name: str, text: str, known: Mapping[str, str]
) -> None:
    document = parse_document(spec.document, name, text)
    for predicate in document.predicates:
        compile_expression(predicate, IN_PREDICATES)
    repeat_of(spec, document)
    if document.mapping is None:
        return
    mapping = f"mappings/{document.mapping}"
    if mapping not in known:
        raise ConfigurationError(f"mapping: there is no {mapping}, neither in the files nor in SSM")
    check_policy(name, document, compile_mapping_document(mapping, known[mapping]))
    if spec.kind == "slack":
        check_blocks(mapping, known[mapping])
