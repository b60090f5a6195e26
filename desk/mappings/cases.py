"""The cases of a mapping document: inputs, and what they have to become."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from desk.apply.documents import DocumentError, without_comments
from desk.reference_data.lookups import AtHand
from switchboard.configuration import parse_document
from switchboard.errors import EventError, SwitchboardError
from switchboard.gathering import looked_up
from switchboard.mapping import Mapping, MappingDocument, compile_mapping
from switchboard.mapping.calls import Key
from switchboard.reference import Lookups

_TABLES = TypeAdapter(dict[str, dict[str, dict[str, str]]])
PLACES = (Path("mappings"), Path("documents") / "mappings")


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a mapping; either `output` or `error` is wanted.

    `lookups` has its reference data, and `raw` its payload.
    """

    mapping: str
    name: str
    input: Any
    output: dict[str, Any] | None
    error: str | None
    lookups: Lookups
    raw: Any = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case, and what is wrong with it; nothing: it passed."""

    case: Case
    problems: Sequence[str]


def files(paths: Iterable[Path]) -> Sequence[Path]:
    """The mapping documents among files and folders."""
    found: list[Path] = []
    for path in list(paths) or [place for place in PLACES if place.is_dir()]:
        if not path.exists():
            raise DocumentError(f"{path}: there is no such file")
        found += sorted(path.glob("**/*.json")) if path.is_dir() else [path]
    return found


def outcomes(paths: Iterable[Path], key: Key) -> Iterator[Outcome]:
    """Every case of every document, run.

    Raises:
        DocumentError: a file is no mapping document, or a case of it is none.
    """
    for path in paths:
        try:
            document = parse_document(
                MappingDocument, path.name, without_comments(path.read_text())
            )
            mapping = compile_mapping(document.fields, key)
        except SwitchboardError as error:
            raise DocumentError(str(error)) from None
        for number, one in enumerate(document.cases or (), start=1):
            case = _case(path, number, one)
            unknown = sorted(set(case.output or ()) - set(document.fields))
            if unknown:
                raise DocumentError(f"{path.name}: {case.name}: there is no field {unknown[0]}")
            yield Outcome(case, problems(case, mapping))


def first_case(path: Path) -> Case:
    """The case that a mapping document begins with.

    Raises:
        DocumentError: it is no mapping document, or has no case.
    """
    document = parse_document(MappingDocument, path.name, without_comments(path.read_text()))
    if not document.cases:
        raise DocumentError(f"{path.name}: it has no case")
    return _case(path, 1, document.cases[0])


def _case(path: Path, number: int, one: dict[str, Any]) -> Case:
    name = str(one.get("name", f"case {number}"))
    unknown = sorted(set(one) - {"name", "input", "output", "error", "reference", "raw"})
    if unknown:
        raise DocumentError(f"{path.name}: {name}: a case has no {unknown[0]!r}")
    output, error = one.get("output"), one.get("error")
    if "input" not in one or isinstance(output, dict) == isinstance(error, str):
        raise DocumentError(f"{path.name}: {name}: a case has an input, and an output or an error")
    lookups = Lookups(_reference(path, name, one.get("reference", {})), lambda: 1.0)
    return Case(path.stem, name, one["input"], output, error, lookups, one.get("raw"))


def _reference(path: Path, name: str, tables: Any) -> AtHand:
    """`{"accounts": {"+14155552671": {"tier": "gold"}}}`: tables, keys, and rows."""
    try:
        found = _TABLES.validate_python(tables)
    except ValidationError:
        raise DocumentError(
            f"{path.name}: {name}: reference is an object of tables, keys, and rows of texts"
        ) from None
    return AtHand({(table, key): row for table, rows in found.items() for key, row in rows.items()})


def problems(case: Case, mapping: Mapping) -> Sequence[str]:
    """How the output differs from the one that is wanted, field by field."""
    try:
        given = looked_up(case.lookups, mapping.asking, case.input, case.raw)
        output = mapping.evaluate(case.input, given)
    except EventError as error:
        if case.error is None:
            return [str(error)]
        return (
            [] if case.error in str(error) else [f"wanted the error {case.error!r}, got: {error}"]
        )
    if case.output is None:
        return [f"wanted the error {case.error!r}, and it was mapped"]
    return [
        f"{field}: wanted {_shown(wanted)}, got {_shown(output[field])}"
        for field, wanted in case.output.items()
        if _shown(wanted) != _shown(output[field])
    ]


def _shown(value: Any) -> str:
    """As JSON, so that 1 is not true."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
