"""`switchboard apply`: plan, diff, yes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.progress import track
from rich.prompt import Confirm
from rich.table import Table

from desk.apply.documents import FOLDERS, read_documents
from desk.apply.plan import Action, Step, plan
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
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Write the documents of a folder into SSM: plan, show the difference, ask, write.

    Documents are `sources/NAME.json`, `destinations/NAME.json` and `mappings/NAME.json`; comments
    (`//`) and `cases` stay in the files. If one is refused, none is written. Exit 0: written, or
    nothing to do; 1: refused, or not confirmed.

    Examples:
        switchboard apply desk/demo/documents --dry-run
        switchboard apply documents --stage dev --yes

    Args:
        folder: where the documents are.
        stage: whose documents they become.
        dry_run: show what would be done.
        yes: do not ask.
        json: print the plan as JSON, and write only with --yes.
    """
    wanted = read_documents(folder)
    if not wanted:
        return fail(f"{folder} holds no documents; they belong into {', '.join(FOLDERS)}")
    target = reach(stage)
    steps = plan(wanted, target.parameters(), target.kinds())
    if json:
        print_json([_as_json(step) for step in steps])
    else:
        _show(steps)
    if any(step.action is Action.REFUSE for step in steps):
        return fail("a document is refused: nothing was written")
    changes = [step for step in steps if step.action in {Action.CREATE, Action.CHANGE}]
    if dry_run or not changes:
        return DONE
    if not yes and (json or not Confirm.ask(f"write {len(changes)} documents?", console=console)):
        return FAILED
    _write(target, changes)
    console.print(f"{len(changes)} documents written; they count within 30 seconds")
    return DONE


def _as_json(step: Step) -> dict[str, object]:
    return {
        "name": step.name,
        "action": step.action,
        "characters": len(step.text),
        "tier": step.tier,
        "reason": step.reason,
    }


def _show(steps: Sequence[Step]) -> None:
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


def _write(target: Target, changes: list[Step]) -> None:
    ssm = target.client("ssm")
    for step in track(changes, "writing", console=console, transient=True):
        ssm.put_parameter(
            Name=f"/switchboard/{target.stage}/{step.name}",
            Value=step.text,
            Type="String",
            Tier=step.tier,
            Overwrite=True,
        )
