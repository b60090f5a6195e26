"""`switchboard replay`."""

import json as jsons
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.types import PositiveFloat
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.progress import TimeRemainingColumn as Remaining
from rich.table import Table

from desk.command.names import DestinationName
from desk.command.output import DONE, FAILED, console, print_json, results
from desk.replay.outcomes import is_done, outcomes
from desk.replay.plans import RATE, Replays
from desk.replay.preview import Mapped, preview
from desk.replay.selection import Filters
from desk.target import Target, reach
from switchboard.errors import ReasonClass
from switchboard.replays import Replay, ReplayStatus

app = App(name="replay", help="Send deliveries once more: the dead ones, or delivered ones again.")

Json = Annotated[bool, Parameter(negative="")]
Flag = Annotated[bool, Parameter(negative="")]
Several = Annotated[list[str] | None, Parameter(negative="")]
Reasons = Annotated[list[ReasonClass] | None, Parameter(negative="")]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected.

    Args:
        reason: only dead letters of this class; may be given several times.
        type: only events of this type; may be given several times.
        since: only from this moment on (UTC where no zone is given).
        until: only up to this moment.
        interaction: only of this interaction.
        again: what was delivered, to be stored once more.
        mapping: the mapping as it is now (new), or in the version each was last tried with (old).
        from_raw: each event anew from its archived payload, as sources are understood now.
    """

    reason: Reasons = None
    type: Several = None
    since: datetime | None = None
    until: datetime | None = None
    interaction: str | None = None
    again: Flag = False
    mapping: Literal["new", "old"] = "new"
    from_raw: Flag = False

    def filters(self, destination: str) -> Filters:
        """The same as the desk has it."""
        return Filters(
            destination,
            reasons=tuple(self.reason or ()),
            types=tuple(self.type or ()),
            since=_moment(self.since),
            until=_moment(self.until),
            interaction=self.interaction,
            again=self.again,
            old_mapping=self.mapping == "old",
            from_raw=self.from_raw,
        )


EVERYTHING = Selection()


@app.command
def plan(
    destination: DestinationName,
    /,
    *,
    selection: Selection = EVERYTHING,
    rate: PositiveFloat = RATE,
    stage: str = "laptop",
    json: Json = False,
) -> int:
    """Select deliveries and keep them as a plan; nothing is sent yet.

    Without --again its dead letters, by the time at which they stopped; they keep their
    generation: for the vendor they are the same deliveries. With --again what was delivered, by
    the events' times, under a new generation: the vendor stores it a second time.

    Examples:
        switchboard replay plan crm --reason rejected --since 2026-11-24T09:00:00
        switchboard replay plan crm --interaction int-17 --again --mapping old
        switchboard replay plan crm --type interaction.closed --rate 20
        switchboard replay plan lake --again --since 2026-11-24 --from-raw

    Args:
        destination: whose deliveries they are.
        selection: which of them.
        rate: deliveries a second, at most.
        stage: where they are.
        json: print the plan as JSON.
    """
    filters = selection.filters(destination)
    planned = Replays(reach(stage)).plan(filters, rate)
    if json:
        print_json(planned.model_dump(mode="json"))
        return DONE
    results.print(f"{planned.id}: {planned.total} deliveries to {destination}; {filters}")
    results.print(f"next: switchboard replay dry-run {planned.id}")
    return DONE


@app.command(name="dry-run")
def dry_run(replay: str, /, *, first: int = 5, stage: str = "laptop", json: Json = False) -> int:
    """Show what a plan would send: mapped by the destination's documents as they are now.

    Every delivery is mapped; the first ones are shown, and all are counted. Exit 1 if any would be
    a dead letter.

    Args:
        replay: the plan's id.
        first: how many are shown.
        stage: where it is.
        json: print it as JSON.
    """
    target = reach(stage)
    found = Replays(target).read(replay)
    with _progress("mapped", found.total) as bar:
        looked = preview(target, found, first, bar.more)
    if json:
        print_json(asdict(looked))
    else:
        results.print(_previewed(looked.first))
        for name, counts in (("type", looked.types), ("would be dead", looked.errors)):
            if counts:
                results.print(_counted(name, counts))
        results.print(f"next: switchboard replay run {replay}")
    return FAILED if looked.errors else DONE


@app.command
def run(replay: str, /, *, detach: Flag = False, stage: str = "laptop", json: Json = False) -> int:
    """Send a plan, or go on with one that was cancelled or left; a bar shows how far it is.

    Interrupting the command stops nothing: a schedule goes on with it each minute.

    Args:
        replay: the plan's id.
        detach: leave it to the schedule, and do not wait.
        stage: where it is.
        json: print how far it is as JSON.
    """
    replays = Replays(reach(stage))
    started = replays.start(replay)
    if not detach:
        with _progress("sent", started.total, started.position) as bar:
            started = replays.follow(started, bar.at)
    if json:
        print_json(started.model_dump(mode="json"))
    elif started.status is ReplayStatus.SENT:
        console.print(f"all is on its way; next: switchboard replay status {replay}")
    else:
        console.print(f"{started.status}; next: switchboard replay status {replay}")
    return DONE


@app.command
def cancel(replay: str, /, *, stage: str = "laptop", json: Json = False) -> int:
    """Stop a replay before its next step; `run` goes on with it.

    Args:
        replay: its id.
        stage: where it is.
        json: print how far it is as JSON.
    """
    found = Replays(reach(stage)).cancel(replay)
    if json:
        print_json(found.model_dump(mode="json"))
    else:
        console.print(f"cancelled; {found.position} of {found.total} are sent")
    return DONE


@app.command
def status(replay: str | None = None, /, *, stage: str = "laptop", json: Json = False) -> int:
    """Say how far a replay is and how its deliveries ended, by the ledger; without id, list all.

    Examples:
        switchboard replay status
        switchboard replay status 20261127T090000000Z-1f2e3d4c --json

    Args:
        replay: its id.
        stage: where it is.
        json: print it as JSON.
    """
    target = reach(stage)
    if replay is None:
        return _list(Replays(target).known(), json=json)
    return _outcomes(target, Replays(target).read(replay), json=json)


def _outcomes(target: Target, found: Replay, *, json: bool) -> int:
    with _progress("looked up", found.total) as bar:
        ended = outcomes(target, found, bar.more)
    done = is_done(found, ended)
    if json:
        print_json({**found.model_dump(mode="json"), **asdict(ended), "done": done})
        return DONE
    results.print(_listed([found]))
    results.print(_counted("outcome", ended.counts))
    if ended.reasons:
        results.print(_counted("dead by", ended.reasons))
    if done:
        results.print("done: the ledger has an end for each of them")
    elif found.status in (ReplayStatus.PLANNED, ReplayStatus.CANCELLED):
        results.print(f"next: switchboard replay run {found.id}")
    else:
        results.print(f"{ended.under_way} are under way; look again")
    return DONE


def _list(found: Sequence[Replay], *, json: bool) -> int:
    if json:
        print_json([one.model_dump(mode="json") for one in found])
    elif found:
        results.print(_listed(found))
    else:
        console.print("no replay was planned")
    return DONE


def _listed(replays: Sequence[Replay]) -> Table:
    table = Table("replay", "destination", "status", "sent", "of", "a second", "what", "by")
    for one in replays:
        table.add_row(
            one.id,
            one.destination,
            one.status,
            str(one.position),
            str(one.total),
            f"{one.rate:g}",
            one.selection,
            one.planned_by,
        )
    return table


def _previewed(first: list[Mapped]) -> Table:
    table = Table("event", "type", "generation", "mapping", "output")
    for one in first:
        version = "" if one.mapping_version is None else str(one.mapping_version)
        shown = one.error or jsons.dumps(one.output, ensure_ascii=False)
        table.add_row(one.event_id[:12], one.type, str(one.generation), version, shown)
    return table


def _counted(name: str, counts: Mapping[str, int]) -> Table:
    table = Table(name, "deliveries")
    for what, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        table.add_row(what, str(count))
    return table


def _moment(given: datetime | None) -> datetime | None:
    return given if given is None or given.tzinfo else given.replace(tzinfo=UTC)


class _Bar:
    """A progress bar on stderr."""

    def __init__(self, progress: Progress, total: int, done: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total, completed=done)

    def more(self, count: int) -> None:
        """So many more."""
        self._progress.advance(self._task, count)

    def at(self, replay: Replay) -> None:
        """So far is it."""
        self._progress.update(self._task, completed=replay.position)


@contextmanager
def _progress(word: str, total: int, done: int = 0) -> Iterator[_Bar]:
    columns = (TextColumn(word), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress, total, done)
