"""`switchboard verify`: why a signature is accepted or refused."""

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from desk.command.output import DONE, FAILED, fail, print_json, results
from switchboard.sources.verification import Verdict, explain, read_request, read_source


def verify(
    request: Path,
    /,
    *,
    source: Path,
    secret: Annotated[list[str], Parameter(negative="")] | None = None,
    secret_stdin: Annotated[bool, Parameter(negative="")] = False,
    at: float | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Say what the receiver would say of a received webhook. Exit 0: accepted; 1: refused.

    The request is a file with `headers` and `body` or `body_base64`; the source is its document
    with its `kind` added. No secret is printed.

    Examples:
        switchboard verify --source events/sources/meetings.json --secret whsec_… request.json
        switchboard verify --source doc.json --secret-stdin --at 1790000000 request.json < secret

    Args:
        request: the received request.
        source: the source's document, with its kind.
        secret: a secret that counts; may be given several times.
        secret_stdin: read the secret from stdin instead.
        at: when it was received, in epoch seconds; without it, now.
        json: print the verdict as JSON.
    """
    secrets = list(secret or [])
    if secret_stdin:
        secrets.append(sys.stdin.read().strip())
    if not secrets:
        return fail("give the source's secret by --secret or --secret-stdin")
    try:
        kind, document = read_source(source.read_text())
        received = read_request(request.read_text())
    except OSError as error:
        return fail(f"reading {error.filename}: {error.strerror}")
    verdict = explain(kind, document, secrets, received, time.time() if at is None else at)
    if json:
        print_json(asdict(verdict))
    else:
        _show(verdict)
    return DONE if verdict.accepted else FAILED


def _show(verdict: Verdict) -> None:
    word = "[bold green]accepted[/]" if verdict.accepted else "[bold red]refused[/]"
    results.print(f"{word}: ", end="")
    results.print(verdict.reason, markup=False, soft_wrap=True)
    table = Table(show_header=False)
    for name, fact in verdict.facts.items():
        table.add_row(name, fact)
    if verdict.facts:
        results.print(table)
    for hint in verdict.hints:
        results.print(f"hint: {hint}", markup=False, soft_wrap=True)
