"""`switchboard apply`: plan, diff, yes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.progress import track
from rich.prompt import Confirm
from rich.table import Table

from desk.apply.documents import FOLDERS, read_documents
from desk.apply.plan import Action, Step, plan
from desk.apply.standing import Standing, call_good, standings
from desk.command.output import DONE, FAILED, console, fail, print_json, results
from desk.target import Target, reach

COLOURS = {
    Action.CREATE: "green",
    Action.CHANGE: "yellow",
    Action.KEEP: "dim",
    Action.REFUSE: "bold red",
}


def apply(
    folder: Path,
    /,
    *,
    stage: str = "laptop",
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    yes: Annotated[bool, Parameter(negative="")] = False,
    now: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Write the documents of a folder into SSM: plan, show the difference, ask, write.

    Documents are `sources/NAME.json`, `destinations/NAME.json`, `mappings/NAME.json`,
    `timers/NAME.json` and `policies/fields.json`; comments (`//`) and `cases` stay in the files. If
    one is refused, none is written. A new version of a
    destination's document or mapping serves twenty deliveries before it serves all; what is on
    trial, or was refused by its trial, is shown. Exit 0: written, or nothing to do; 1: refused, or
    not confirmed.

    Examples:
        switchboard apply desk/demo/documents --dry-run
        switchboard apply documents --stage dev --yes
        switchboard apply documents --stage dev --now

    Args:
        folder: where the documents are.
        stage: whose documents they become.
        dry_run: show what would be done.
        yes: do not ask.
        now: let new versions serve at once, without a trial.
        json: print the plan as JSON, and write only with --yes.
    """
    wanted = read_documents(folder)
    if not wanted:
        return fail(f"{folder} holds no documents; they belong into {', '.join(FOLDERS)}")
    target = reach(stage)
    there = target.parameters()
    steps = plan(wanted, there, target.kinds())
    standing = standings(target, there)
    if json:
        print_json([_as_json(step, standing) for step in steps])
    else:
        _show(steps, standing)
    if any(step.action is Action.REFUSE for step in steps):
        return fail("a document is refused: nothing was written")
    changes = [step for step in steps if step.action in {Action.CREATE, Action.CHANGE}]
    if dry_run or not changes:
        return DONE
    if not yes and (json or not Confirm.ask(f"write {len(changes)} documents?", console=console)):
        return FAILED
    _write(target, changes, {**there, **wanted} if now else None)
    console.print(f"{len(changes)} documents written; they count within 30 seconds")
    return DONE


def _as_json(step: Step, standing: Sequence[Standing]) -> dict[str, object]:
    return {
        "name": step.name,
        "action": step.action,
        "characters": len(step.text),
        "tier": step.tier,
        "reason": step.reason,
        "standing": [
            {
                "destination": one.judgement.destination,
                "version": one.judgement.version,
                "status": one.judgement.status,
                "reason": one.judgement.reason,
                "delivered": one.delivered,
                "failed": one.failed,
            }
            for one in standing
            if one.judgement.name == step.name
        ],
    }


def _show(steps: Sequence[Step], standing: Sequence[Standing]) -> None:
    table = Table()
    for column in ("document", "plan", "characters", "tier"):
        table.add_column(column, justify="right" if column == "characters" else "left")
    for step in steps:
        colour = COLOURS[step.action]
        table.add_row(step.name, f"[{colour}]{step.action}[/]", str(len(step.text)), step.tier)
    results.print(table)
    for step in steps:
        if step.reason:
            results.print(f"[bold red]{step.name}[/]: {step.reason}", soft_wrap=True)
        if step.action is Action.CHANGE:
            results.print(f"[bold]{step.name}[/]")
            for line in step.diff:
                colour = {"+": "green", "-": "red"}.get(line[:1], "dim")
                results.print(f"  [{colour}]{line.replace('[', chr(92) + '[')}[/]")

    for one in standing:
        results.print(f"[yellow]{one.text}[/]", soft_wrap=True)


def _write(target: Target, changes: list[Step], good: Mapping[str, str] | None) -> None:
    """Write mappings before the documents that name them; `good`: what they serve, by our word.

    The policy is the last, when those that it would refuse are changed.
    """
    ssm = target.client("ssm")
    order = {"mappings": 0, "policies": 2}
    changes = sorted(changes, key=lambda step: order.get(step.name.partition("/")[0], 1))
    for step in track(changes, "writing", console=console, transient=True):
        answer = ssm.put_parameter(
            Name=f"/switchboard/{target.stage}/{step.name}",
            Value=step.text,
            Type="String",
            Tier=step.tier,
            Overwrite=True,
        )
        if good is not None:
            call_good(target, good, step.name, answer["Version"], step.text)
