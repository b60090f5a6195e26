"""What a person sees at the end of a run, and what a program reads."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from desk.demo.documents import STREAM
from desk.demo.evidence import Sent
from desk.demo.prices import is_source, shares, together
from desk.demo.product import Metrics, metrics
from desk.demo.ready_made import Shown
from desk.demo.run import Evidence
from desk.demo.verdict import DESTINATIONS, Verdict

TAKES_ALL = "lake"


def summary(
    evidence: Evidence, verdict: Verdict, ready_made: Sequence[Shown], seconds: float
) -> Mapping[str, Any]:
    """Everything that was measured, as JSON."""
    problems = {kind: list(cases) for kind, cases in verdict.problems}
    unlike = [f"{one.mapping} at {one.destination}" for one in ready_made if not one.is_as_written]
    if unlike:
        problems["not what a ready-made mapping's case says"] = unlike
    counted = metrics(evidence.folder)
    latencies = _latencies(evidence)
    return {
        "holds": verdict.holds and evidence.drained and not unlike,
        "drained": evidence.drained,
        "events": verdict.events,
        "seconds": round(seconds, 1),
        "problems": problems,
        "stream": _stream(evidence),
        "sources": _sources(evidence.sent),
        "destinations": {
            name: _destination(name, evidence, verdict, counted, latencies.get(name, []))
            for name in DESTINATIONS
        },
        "ready_made": {one.mapping: _ready_made(one) for one in ready_made},
        "aws": _aws(evidence, verdict),
        "statements": evidence.statements,
        "sample": next((a.body for a in evidence.arrivals if a.stored and a.body), ""),
    }


def _stream(evidence: Evidence) -> Mapping[str, Any]:
    """What was published, and what came of it at the destination that takes everything."""
    published = {one.id: one.sent_at for one in evidence.published}
    taken = [a for a in evidence.arrivals if a.destination == TAKES_ALL and a.stored]
    stored = [arrival for arrival in taken if arrival.id in published]
    captured = {arrival.id for arrival in stored}
    lag = sorted(arrival.at - published[arrival.id] for arrival in stored)
    injected = evidence.injected[STREAM]
    return {
        "source": STREAM,
        "published": len(published),
        "captured": len(captured),
        "lost": len(published) - len(captured),
        "repeated_frames": evidence.repeated_frames,
        "stored_twice": len(stored) - len(captured),
        "kills": sum(what.startswith("kill") for what in injected),
        "drops": sum(what.startswith("drop") for what in injected),
        "p50_seconds": _percentile(lag, 50),
        "p99_seconds": _percentile(lag, 99),
    }


def _sources(sent: Sequence[Sent]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for one in sent:
        of = found.setdefault(one.source, {"received": 0, "repeats": 0, "refused": {}})
        if one.status == 202:
            of["repeats" if one.repeat else "received"] += 1
        else:
            why = f"{one.status} {one.spoil}".strip()
            of["refused"][why] = of["refused"].get(why, 0) + 1
    return found


def _latencies(evidence: Evidence) -> Mapping[str, list[float]]:
    """Seconds from the first sending of an event to its record, by destination."""
    first: dict[str, float] = {}
    for one in evidence.sent:
        first[one.id] = min(first.get(one.id, one.sent_at), one.sent_at)
    found: dict[str, list[float]] = {}
    for arrival in evidence.arrivals:
        if arrival.stored and arrival.id in first:
            found.setdefault(arrival.destination, []).append(arrival.at - first[arrival.id])
    return found


def _destination(
    name: str,
    evidence: Evidence,
    verdict: Verdict,
    counted: Metrics,
    latencies: Sequence[float],
) -> Mapping[str, Any]:
    arrivals = [a for a in evidence.arrivals if a.destination == name]
    ordered = sorted(latencies)
    return {
        "delivered": verdict.records.get(name, 0),
        "repeats_of_a_key": sum(a.what.startswith("repeat") for a in arrivals),
        "retried": int(counted.get(("retried", name), 0)),
        "dead_lettered": sum(one.destination == name for one in evidence.dead),
        "possible_duplicates": int(counted.get(("possible_duplicates", name), 0)),
        "order_violations": sum(case.startswith(f"{name} ") for case in verdict.disorder),
        "p50_seconds": _percentile(ordered, 50),
        "p99_seconds": _percentile(ordered, 99),
    }


def _ready_made(one: Shown) -> Mapping[str, Any]:
    return {
        "type": one.type,
        "destination": one.destination,
        "as_written": one.is_as_written,
        "arrived": one.arrived,
    }


def _percentile(ordered: Sequence[float], percent: int) -> float:
    if not ordered:
        return 0.0
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 2)


def _aws(evidence: Evidence, verdict: Verdict) -> Mapping[str, Any]:
    """Requests and dollars of each role, for each event and destination; the way in apart."""
    by_role = shares(evidence.calls)
    deliveries = sum(verdict.records.values())
    inside = [share for role, share in by_role.items() if not is_source(role)]
    coming_in = [share for role, share in by_role.items() if is_source(role)]
    return {
        "roles": {role: share.of(deliveries) for role, share in by_role.items()},
        "routing and delivery": together(inside).of(deliveries),
        "sources": together(coming_in).of(deliveries),
    }


def show(console: Console, found: Mapping[str, Any]) -> None:
    """The tables, one payload, the verdict, and where to look next."""
    console.print(_stream_table(found["stream"]))
    console.print(_sources_table(found["sources"]))
    console.print(_destinations_table(found["destinations"]))
    console.print(_aws_table(found["aws"]))
    if found["ready_made"]:
        console.print(_ready_made_table(found["ready_made"]))
    if found["sample"]:
        sample = json.dumps(json.loads(found["sample"]), indent=2, ensure_ascii=False)
        console.print(Panel(sample, title="one delivered payload", expand=False))
    show_verdict(
        console,
        found,
        f"[bold green]Every promise held[/]: {found['events']} events, each one record at each"
        f" destination, in order, or a dead letter that was due ({found['seconds']} s).",
    )
    console.print(
        "Next: `make up` starts the stack and keeps it up, with a curl to try;"
        " `.venv/bin/switchboard --help` lists what can be asked of it;"
        " this run's logs are in .work/laptop/laptop;"
        " docs/explanation/architecture.md says how it works."
    )


def show_verdict(console: Console, found: Mapping[str, Any], held: str) -> None:
    """Every problem with its first cases; where there is none, that every promise `held`."""
    for kind, cases in found["problems"].items():
        console.print(f"[bold red]{kind}[/]: {len(cases)}")
        for case in cases[:5]:
            console.print(f"  {case}", markup=False)
    if found["holds"]:
        console.print(held)
    elif not found["drained"]:
        console.print("[bold red]The queues did not drain[/]: something waits and does not end.")


def _sources_table(sources: Mapping[str, Any]) -> Table:
    table = Table(title="sources", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("source", "received", "repeats", "refused (why)"):
        table.add_column(
            column, justify="left" if column in {"source", "refused (why)"} else "right"
        )
    for name, of in sorted(sources.items()):
        refused = ", ".join(f"{count} x {why}" for why, count in sorted(of["refused"].items()))
        table.add_row(name, str(of["received"]), str(of["repeats"]), refused or "-")
    return table


def _stream_table(stream: Mapping[str, Any]) -> Table:
    columns = {
        "sent": "published",
        "sent\ntwice": "repeated_frames",
        "taken": "captured",
        "lost": "lost",
        "taken\ntwice": "stored_twice",
        "kills": "kills",
        "drops": "drops",
        "lag\np50 s": "p50_seconds",
        "lag\np99 s": "p99_seconds",
    }
    return _table("stream", "stream", columns, {stream["source"]: stream})


def _destinations_table(destinations: Mapping[str, Any]) -> Table:
    columns = {
        "delivered": "delivered",
        "repeats": "repeats_of_a_key",
        "retried": "retried",
        "dead": "dead_lettered",
        "possible\ntwice": "possible_duplicates",
        "out of\norder": "order_violations",
        "p50 s": "p50_seconds",
        "p99 s": "p99_seconds",
    }
    return _table("destinations", "to", columns, destinations)


def _aws_table(aws: Mapping[str, Any]) -> Table:
    columns = {
        "requests": "requests",
        "for each event\nand destination": "requests_each",
        "$ for a\nmillion of them": "dollars_per_million",
    }
    roles = {
        role.removeprefix("switchboard-laptop-").removesuffix("-role"): share
        for role, share in aws["roles"].items()
    }
    sums = {name: aws[name] for name in ("routing and delivery", "sources")}
    return _table("requests to AWS", "role", columns, roles | sums)


def _ready_made_table(mappings: Mapping[str, Any]) -> Table:
    columns = {"an event": "type", "went to": "destination", "as its case says": "as_written"}
    rows = {
        name: {**one, "as_written": "yes" if one["as_written"] else "NO"}
        for name, one in mappings.items()
    }
    return _table("ready-made mappings", "mapping", columns, rows)


def _table(
    title: str, first: str, columns: Mapping[str, str], rows: Mapping[str, Mapping[str, Any]]
) -> Table:
    """One row each, of the values that `columns` name."""
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(first)
    for column in columns:
        table.add_column(column, justify="right")
    for name, of in rows.items():
        table.add_row(name, *(str(of[key]) for key in columns.values()))
    return table
