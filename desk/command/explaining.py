"""`switchboard explain`."""

import json as codec
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
from desk.reference_data.lookups import OfStage, gathering, of_files
from desk.target import reach
from switchboard.envelope import Raw, RawRef
from switchboard.event import Event, group_of, utc_text


def explain_event(
    event: Path,
    /,
    *,
    stage: str = "laptop",
    documents: Path | None = None,
    reference: tuple[Path, ...] = (),
    raw: Path | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Say what each destination would do with an event. Nothing is sent or written.

    For each: whether it takes the event and which part of its predicate says so, the lane, what its
    mapping makes of it, and the request that would be sent. The file holds an event as `switchboard
    timeline --json` shows it; what it lacks is filled in. Documents are those of the stage; files
    that are not applied yet go before them. Reference data is what was loaded into the stage, or
    that of files; `raw()` is null without its file.

    Examples:
        switchboard explain event.json
        switchboard explain event.json --stage dev --documents documents --json

    Args:
        event: a file with the event's JSON.
        stage: whose destinations they are.
        documents: a folder of documents, as `switchboard apply` takes it.
        reference: CSV files, each a reference table of its name, instead of the stage's.
        raw: a file with the payload as its source sent it, for `raw()`.
        json: print the answers as JSON.
    """
    read = _event(event)
    target = reach(stage)
    parameters = dict(target.parameters())
    standing = parameters | dict(read_documents(documents) if documents else {})
    store = of_files(reference) if reference else OfStage(target)
    asked = Explaining(
        read,
        _group(read),
        standing,
        gathering(store, _payload),
        None if raw is None else RawRef(bucket="", key=str(raw), line=0),
    )
    answers = explain(asked, deployed(target, parameters))
    if json:
        print_json([asdict(one) for one in answers])
        return DONE
    for one in answers:
        _show(one)
    return DONE


def _event(path: Path) -> Event:
    given: dict[str, Any] = {
        "id": "explained",
        "source": "explained",
        "type": "explained",
        "sourceeventid": "explained",
        "time": utc_text(datetime.now(UTC)),
    }
    try:
        given |= codec.loads(path.read_text())
        return Event.model_validate(given)
    except OSError as error:
        raise DocumentError(f"{path}: {error.strerror}") from None
    except (ValidationError, TypeError, ValueError) as error:
        raise DocumentError(f"{path}: it is no event: {str(error).splitlines()[0]}") from None


def _payload(ref: RawRef) -> Raw:
    try:
        return Raw(kind="", body=Path(ref.key).read_text(), received_at="")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(f"{ref.key}: it cannot be read: {error}") from None


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
