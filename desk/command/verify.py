"""`switchboard verify`: why a signature is accepted or refused."""

import json as jsons
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from desk.command.output import DONE, FAILED, console, fail, print_json, results
from switchboard.errors import ConfigurationError
from switchboard.sources.verification import Verdict, explain, read_request, read_source


def verify(
    request: Path,
    /,
    *,
    source: Path,
    secret: Annotated[list[str], Parameter(negative="")] | None = None,
    secret_stdin: Annotated[bool, Parameter(negative="")] = False,
    at: float | None = None,
    lines: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Say what the receiver would say of a received webhook. Exit 0: accepted; 1: refused.

    The request is a file with `headers` and `body` or `body_base64`; the source is its document
    with its `kind` added. No secret is printed.

    With --lines the file holds many requests, one JSON object a line; an `at` in a line is when
    that one was received. One JSON verdict is printed for each line, and a line that is no request
    is a refused one with its reason. Exit 1 if any is refused.

    Examples:
        switchboard verify --source events/sources/meetings.json --secret whsec_… request.json
        switchboard verify --source doc.json --secret-stdin --at 1790000000 request.json < secret
        switchboard verify --lines requests.jsonl --source doc.json --secret whsec_…

    Args:
        request: the received request.
        source: the source's document, with its kind.
        secret: a secret that counts; may be given several times.
        secret_stdin: read the secret from stdin instead.
        at: when it was received, in epoch seconds; without it, now.
        lines: the file holds one request a line; print one JSON verdict a line.
        json: print the verdict as JSON.
    """
    secrets = list(secret or [])
    if secret_stdin:
        secrets.append(sys.stdin.read().strip())
    if not secrets:
        return fail("give the source's secret by --secret or --secret-stdin")
    try:
        kind, document = read_source(source.read_text())

        def judged(text: str, then: float | None = None) -> Verdict:
            moment = then if then is not None else time.time() if at is None else at
            return explain(kind, document, secrets, read_request(text), moment)

        if lines:
            with request.open() as file:
                return _judge_lines(file, judged)
        verdict = judged(request.read_text())
    except OSError as error:
        return fail(f"reading {error.filename}: {error.strerror}")
    except UnicodeDecodeError:
        return fail(f"reading {request}: it is not UTF-8")
    if json:
        print_json(asdict(verdict))
    else:
        _show(verdict)
    return DONE if verdict.accepted else FAILED


def _judge_lines(texts: Iterable[str], judged: Callable[[str, float | None], Verdict]) -> int:
    """Print a verdict for each line, as it is read."""
    counted = refused = 0
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            continue
        verdict = _judge_line(text, judged)
        counted += 1
        refused += not verdict.accepted
        said = {"line": number, **asdict(verdict)}
        sys.stdout.write(jsons.dumps(said, ensure_ascii=False) + "\n")
    console.print(f"{counted - refused} accepted, {refused} refused")
    return FAILED if refused or not counted else DONE


def _judge_line(text: str, judged: Callable[[str, float | None], Verdict]) -> Verdict:
    """The verdict on one line; what is no request is refused like one that is wrong."""
    try:
        found = jsons.loads(text)
        then = found.pop("at", None) if isinstance(found, dict) else None
        if not isinstance(then, int | float | None):
            return Verdict(False, "reading the request: at: it is no number")
        return judged(jsons.dumps(found), then)
    except (ValueError, RecursionError) as error:
        return Verdict(False, f"reading the request: it is not JSON ({error})")
    except ConfigurationError as error:
        return Verdict(False, str(error))


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
