import json
import subprocess
import sys
from pathlib import Path

import pytest

from desk.command.app import run
from desk.demo.documents import FOLDER
from infra.bundling import ROOT


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """Where a mapping is to be written."""
    return tmp_path / "call.json"


def write(path: Path, *cases: object) -> None:
    fields = {"a": "hhmmss(data.s)", "b": "data.b"}
    path.write_text("// mapping of calls\n" + json.dumps({"fields": fields, "cases": cases}))


def test_try_prints_one_result_for_each_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"s": 90}\n\n{"s": "x"}\n{"n": "é"}\nno json\n')
    assert run(["try", "s", str(lines)]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == ["90", '"x"', "null"]
    assert "it is no JSON" in err


def test_try_says_what_is_wrong_and_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"s": []}\n{"s": 1}\n')
    assert run(["try", "hhmmss(s)", str(lines)]) == 1
    out, err = capsys.readouterr()
    assert out == '"00:00:01"\n'
    assert "line 1: evaluating 'hhmmss(s)' at position 1: hhmmss() takes a number" in err
    assert run(["try", "hhms(s)", str(lines)]) == 1
    assert "error: the expression 'hhms(s)' calls hhms()" in capsys.readouterr().err


def test_try_reads_stdin() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from desk.command import main; main()", "try", "tokenise(s) != s"],
        input='{"s": "x"}\n',
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout == "true\n"


def test_cases_that_hold_pass(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        document,
        {"name": "all", "input": {"data": {"s": 1}}, "output": {"a": "00:00:01", "b": None}},
        {"name": "a part", "input": {"data": {"b": True}}, "output": {"b": True}},
        {"name": "an error", "input": {"data": {"s": []}}, "error": "field 'a'"},
    )
    assert run(["mappings", "test", str(document)]) == 0
    assert capsys.readouterr().out.count("passed call: ") == 3


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ({"input": {"data": {"s": 1}}, "output": {"a": "0:1"}}, 'a: wanted "0:1", got "00:00:01"'),
        ({"input": {"data": {"b": 1}}, "output": {"b": True}}, "b: wanted true, got 1"),
        ({"input": {"data": {"s": []}}, "output": {}}, "mapping the field 'a'"),
        ({"input": {}, "error": "x"}, "wanted the error 'x', and it was mapped"),
        ({"input": {"data": {"s": []}}, "error": "x"}, "wanted the error 'x', got: "),
    ],
)
def test_a_case_that_does_not_hold_says_how(
    document: Path, capsys: pytest.CaptureFixture[str], case: object, why: str
) -> None:
    write(document, case)
    assert run(["mappings", "test", str(document), "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert not found["passed"]
    assert why in found["problems"][0]


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ({"input": {}, "output": {"c": 1}}, "there is no field c"),
        ({"input": {}, "outputs": {}}, "a case has no 'outputs'"),
        ({"output": {}}, "a case has an input"),
        ({"input": {}}, "an output or an error"),
    ],
)
def test_what_is_no_case_is_refused(
    document: Path, capsys: pytest.CaptureFixture[str], case: object, why: str
) -> None:
    write(document, case)
    assert run(["mappings", "test", str(document)]) == 1
    assert why in " ".join(capsys.readouterr().err.split())


def test_no_cases_are_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["mappings", "test", str(tmp_path)]) == 1
    assert "no mapping document with cases" in capsys.readouterr().err
    assert run(["mappings", "test", str(tmp_path / "absent.json")]) == 1


def test_the_demos_mappings_hold() -> None:
    assert run(["mappings", "test", str(FOLDER / "mappings")]) == 0
