"""What a drill found, for a program and for a person."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from desk.demo.report import show_verdict
from desk.demo.run import STAND_INS, Evidence
from desk.demo.verdict import DESTINATIONS, Verdict
from desk.drill.plan import DOWN, FLOODED, RETRY_AFTER, DrillPlan
from desk.drill.recovery import Queued, most_ahead, next_try, recovery

OWN_WORDS = {"killed": "killed", "lost": "an answer lost"}


def summary(
    plan: DrillPlan, evidence: Evidence, verdict: Verdict, queued: Sequence[Queued], seconds: float
) -> Mapping[str, Any]:
    """Everything that was measured, as JSON."""
    began = min((a.at for a in evidence.arrivals if a.destination in STAND_INS), default=0.0)
    well = {DOWN: began + plan.down[1], FLOODED: began + plan.slow[1]}
    ahead = most_ahead(queued)
    return {
        "holds": verdict.holds and evidence.drained,
        "drained": evidence.drained,
        "events": verdict.events,
        "seed": plan.seed,
        "seconds": round(seconds, 1),
        "problems": {kind: list(cases) for kind, cases in verdict.problems},
        "destinations": {
            name: {
                "stored": verdict.records.get(name, 0),
                "lost": _of(name, verdict.lost),
                "twice": _of(name, verdict.twice),
                "late": _of(name, verdict.disorder),
                "dead_lettered": sum(one.destination == name for one in evidence.dead),
                "most_ahead": ahead.get(_queue(name), 0),
                "trouble": sorted(set(evidence.injected.get(name, ())) & _told(plan, name)),
                "recovery": _recovery(name, well, evidence, queued),
            }
            for name in DESTINATIONS
        },
        "retry_after": {"asked": RETRY_AFTER, "next_try": next_try(DOWN, evidence.arrivals)},
        "functions": {
            name: sorted(evidence.injected.get(name, ()))
            for name in ("receive-webhook", "route-events")
        },
    }


def _queue(destination: str) -> str:
    return f"switchboard-laptop-{destination}-normal.fifo"


def _of(name: str, cases: Sequence[str]) -> int:
    return sum(case.startswith(f"{name} ") for case in cases)


def _told(plan: DrillPlan, name: str) -> set[str]:
    return set(plan.due.get(name, ()))


def _recovery(
    name: str, well: Mapping[str, float], evidence: Evidence, queued: Sequence[Queued]
) -> Mapping[str, Any] | None:
    if name not in well:
        return None
    ours = [one for one in queued if one.queue == _queue(name)]
    found = recovery(name, well[name], evidence.arrivals, ours)
    return None if found is None else {key: round(of, 1) for key, of in asdict(found).items()}


def show(console: Console, found: Mapping[str, Any]) -> None:
    """The table, what the functions went through, and the verdict."""
    console.print(_table(found["destinations"]))
    for name, troubles in found["functions"].items():
        console.print(f"{name}: {', '.join(OWN_WORDS[one] for one in troubles) or 'untroubled'}")
    waited = found["retry_after"]["next_try"]
    if waited is not None:
        asked = found["retry_after"]["asked"]
        console.print(f"{DOWN} asked for {asked} s: the next try came after {waited:.1f} s")
    show_verdict(
        console,
        found,
        f"[bold green]Nothing lost, nothing twice, nothing late[/]: {found['events']} events of"
        f" seed {found['seed']} ({found['seconds']} s).",
    )


def _table(destinations: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("to")
    for column in ("stored", "lost", "twice", "late", "most\nahead", "waiting", "recovered\nin s"):
        table.add_column(column, justify="right")
    table.add_column("trouble")
    for name, of in destinations.items():
        back = of["recovery"]
        counts = [str(of[key]) for key in ("stored", "lost", "twice", "late", "most_ahead")]
        told = [str(back["waiting"]), str(back["drained"])] if back else ["-", "-"]
        table.add_row(name, *counts, *told, ", ".join(of["trouble"]) or "-")
    return table
