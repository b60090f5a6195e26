"""`switchboard explain`."""

import json as codec
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from pydantic import ValidationError
from rich.markup import escape

from desk.apply.documents import DocumentError, read_documents
from desk.command.output import DONE, print_json, results
from desk.mappings.deployed import deployed
from desk.mappings.explaining import Explained, Explaining, explain
from desk.mappings.received import received
from desk.reference_data.lookups import OfStage, gathering, of_files
from desk.target import Target, TargetError, reach
from switchboard.envelope import Raw, RawRef
from switchboard.event import Event, group_of, utc_text
from switchboard.sources import Received
from switchboard.sources.payloads import json_type


def explain_event(
    event: Path,
    /,
    *,
    stage: str = "laptop",
    documents: Path | None = None,
    source: str | None = None,
    reference: tuple[Path, ...] = (),
    raw: Path | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Say what each destination would do with an event. Nothing is sent or written.

    For each: whether it takes the event and which part of its predicate says so, the lane, what its
    mapping makes of it, and the request that would be sent. The file holds an event as `switchboard
    timeline --json` shows it; what it lacks is filled in. With `--source` it holds the body that
    this source sends, and the event is made of it first. Documents are those of the stage; files
    that are not applied yet go before them. Reference data is what was loaded into the stage, or
    that of files; `raw()` is null without its file.

    Examples:
        switchboard explain event.json
        switchboard explain event.json --stage dev --documents documents --json
        switchboard explain body.json --source meetings --stage dev

    Args:
        event: a file with the event's JSON, or with the payload of a source.
        stage: whose destinations they are.
        documents: a folder of documents, as `switchboard apply` takes it.
        source: the file holds the payload as this source sends it, which is `raw()` too.
        reference: CSV files, each a reference table of its name, instead of the stage's.
        raw: a file with the payload as its source sent it, for `raw()`.
        json: print the answers as JSON.
    """
    target = reach(stage)
    parameters = dict(target.parameters())
    standing = parameters | dict(read_documents(documents) if documents else {})
    given = _given(event) if source is None else _sent_by(target, source, event, standing)
    payload = raw or (event if source else None)
    store = of_files(reference) if reference else OfStage(target)
    asked = Explaining(
        given.event,
        given.group,
        standing,
        gathering(store, _payload),
        None if payload is None else RawRef(bucket="", key=str(payload), line=0),
    )
    answers = explain(asked, deployed(target, parameters))
    if json:
        print_json([asdict(one) for one in answers])
        return DONE
    for one in answers:
        _show(one)
    return DONE


def _sent_by(target: Target, source: str, path: Path, standing: Mapping[str, str]) -> Received:
    """The event that a source of the stage makes of the payload in a file."""
    kind = target.kinds().get(f"sources/{source}")
    if kind is None:
        raise TargetError(f"no source {source} is deployed in stage {target.stage}")
    return received(source, kind, _text(path), standing, datetime.now(UTC))


def _given(path: Path) -> Received:
    """The event in a file, with what it lacks, and its group."""
    lacking: dict[str, Any] = {
        "id": "explained",
        "source": "explained",
        "type": "explained",
        "sourceeventid": "explained",
        "time": utc_text(datetime.now(UTC)),
    }
    try:
        found = codec.loads(_text(path))
    except ValueError as error:
        raise DocumentError(f"{path}: it is no event: it is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise DocumentError(f"{path}: it is no event: it is {json_type(found)}")
    foreign = sorted(found.keys() - Event.model_fields.keys())
    if foreign:
        raise DocumentError(
            f"{path}: it is no event, for none has {foreign[0]!r}. If it is a payload as a source"
            " sends it, say which: --source NAME"
        )
    try:
        event = Event.model_validate(lacking | found)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DocumentError(f"{path}: it is no event: {where}: {first['msg']}") from None
    return Received(event, _group(event))


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(f"{path}: it cannot be read: {error}") from None


def _payload(ref: RawRef) -> Raw:
    return Raw(kind="", body=_text(Path(ref.key)), received_at="")


def _group(event: Event) -> str:
    interaction = event.data.get("interaction") if isinstance(event.data, dict) else None
    named = interaction if isinstance(interaction, str) else None
    return group_of(event.id, event.time, interaction=named)


def _show(one: Explained) -> None:
    word = "[bold green]taken[/]" if one.taken else "[bold yellow]not taken[/]"
    results.print(f"{word} by {one.destination}: {escape(one.why)}", soft_wrap=True)
    for part in one.parts:
        said = "yes" if part.holds else "no"
        seen = f" ({part.seen})" if part.seen else ""
        results.print(f"  {said}: {part.text}{seen}", markup=False, soft_wrap=True)
    if one.lane is not None:
        results.print(f"  lane {one.lane}, mapping {one.mapping or 'none'}", markup=False)
    if one.problem:
        results.print(f"  problem: {one.problem}", markup=False, soft_wrap=True)
    if one.output is not None:
        shown = codec.dumps(one.output, indent=2, ensure_ascii=False)
        results.print(f"  output {shown}", markup=False, soft_wrap=True)
    if one.request is not None:
        results.print(f"  request {one.request}", markup=False, soft_wrap=True)
