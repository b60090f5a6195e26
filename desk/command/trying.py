"""`switchboard try` and `switchboard mappings test`: on a desk, without a stage."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from desk.command.differing import DESK_KEY, diff
from desk.command.output import DONE, FAILED, console, fail, print_json, results
from desk.mappings.cases import Case, Outcome, files, outcomes
from desk.reference_data.lookups import of_files
from switchboard.errors import ConfigurationError, EventError
from switchboard.gathering import looked_up
from switchboard.mapping import compile_mapping
from switchboard.reference import Lookups

app = App(name="mappings", help="Mapping documents: try them on examples before they are applied.")
app.command(diff)

Json = Annotated[bool, Parameter(negative="")]
PREFIX = "mapping the field 'result': "


def try_(
    expression: str, files: tuple[Path, ...] = (), /, *, reference: tuple[Path, ...] = ()
) -> int:
    """Evaluate an expression on each line of JSON, and print one JSON result per line.

    Lines come from files or from stdin; each is an event, or whatever the expression is about.
    Empty lines are passed over. An expression that cannot be parsed, or that a line has the wrong
    types for, is told on stderr with the line's number, and the exit code is 1. `hash` and
    `tokenise` take a key that no destination has; `lookup` looks in the files of `--reference`, and
    `raw()` finds nothing.

    Examples:
        switchboard try "e164(data.from, 'US')" calls.jsonl
        echo '{"seconds": "90"}' | switchboard try 'hhmmss(seconds)'
        switchboard try "lookup('accounts', from, 'tier')" calls.jsonl --reference accounts.csv

    Args:
        expression: JMESPath, with the functions of mappings.
        files: JSON lines; none: stdin.
        reference: CSV files, each a reference table of its name; its key is the first column.
    """
    try:
        mapping = compile_mapping({"result": expression}, lambda: DESK_KEY)
    except ConfigurationError as error:
        return fail(str(error).removeprefix("fields.result: "))
    lookups = Lookups(of_files(reference), lambda: 1.0)
    code = DONE
    for number, line in enumerate(_lines(files), start=1):
        try:
            document = json.loads(line)
            given = looked_up(lookups, mapping.asking, document)
            found = mapping.evaluate(document, given)["result"]
        except ValueError as error:
            code = fail(f"line {number}: it is no JSON: {error}")
        except EventError as error:
            code = fail(f"line {number}: {str(error).removeprefix(PREFIX)}")
        else:
            sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    return code


def _lines(paths: Iterable[Path]) -> Iterator[str]:
    several = list(paths)
    if not several:
        yield from (line for line in sys.stdin if line.strip())
    for path in several:
        with path.open() as lines:
            yield from (line for line in lines if line.strip())


@app.command(name="test")
def run_cases(paths: tuple[Path, ...] = (), /, *, json: Json = False) -> int:
    """Run the `cases` of mapping documents: each maps an input and compares the output.

    A case is `{"name": …, "input": EVENT, "output": {FIELD: VALUE}}`; an output may name some of
    the fields. With `"error": TEXT` instead, mapping has to fail with that text in its error. What
    is looked up is in `"reference": {TABLE: {KEY: {COLUMN: TEXT}}}`, and the payload in `"raw"`.

    Examples:
        switchboard mappings test
        switchboard mappings test documents/mappings/crm-call.json --json

    Args:
        paths: mapping documents, or folders of them; else ./mappings and ./documents/mappings.
        json: print what was found as JSON.
    """
    found = list(outcomes(files(paths), lambda: DESK_KEY))
    if json:
        print_json([_plain(one) for one in found])
    else:
        for one in found:
            _show(one)
    failed = [one for one in found if one.problems]
    if not found:
        return fail("no mapping document with cases was found")
    console.print(f"{len(found)} cases, {len(failed)} failed")
    return FAILED if failed else DONE


def _show(one: Outcome) -> None:
    case: Case = one.case
    word = "[bold red]failed[/]" if one.problems else "[green]passed[/]"
    results.print(f"{word} {case.mapping}: {case.name}", soft_wrap=True)
    for problem in one.problems:
        results.print(f"  {problem}", markup=False, soft_wrap=True)


def _plain(one: Outcome) -> dict[str, Any]:
    return {
        "mapping": one.case.mapping,
        "case": one.case.name,
        "passed": not one.problems,
        "problems": list(one.problems),
    }
