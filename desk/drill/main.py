"""A drill: set up, run, judge."""

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from desk.demo.main import bar, forget_logs, synthesize, unbroken
from desk.demo.run import run
from desk.demo.verdict import judge, unmet_trouble
from desk.drill.flood import Flood
from desk.drill.plan import FLOOD_AFTER, FLOODED, DrillPlan
from desk.drill.recovery import read_queued
from desk.drill.report import summary
from desk.laptop import LaptopStack


def drill(plan: DrillPlan, console: Console) -> Mapping[str, Any]:
    """One drill's figures; `console` shows how far it is."""
    staged = unbroken(synthesize(console))
    began = time.monotonic()
    forget_logs()
    with (
        LaptopStack(
            staged.assembly, layer=staged.layer, reader=staged.reader, log_sends=True
        ) as stack,
        bar(console) as progress,
    ):
        flood = Flood(stack, FLOODED, events=plan.flood, after=FLOOD_AFTER)
        evidence = run(stack, plan, progress, meanwhile=flood)
        queued = read_queued(stack.sends)
    verdict = judge(
        [*evidence.sent, *flood.sent, *evidence.published],
        evidence.arrivals,
        evidence.dead,
        unmet=unmet_trouble(plan.due, evidence.injected),
        denied=evidence.refusals,
    )
    return summary(plan, evidence, verdict, queued, time.monotonic() - began)
