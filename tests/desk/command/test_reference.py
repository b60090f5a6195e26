"""`switchboard reference`, and reference data at the desk."""

import csv
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.apply.documents import DocumentError
from desk.command.app import run
from desk.reference_data.files import read_table
from switchboard.aws.reference_table import ReferenceTable
from tests.desk.staged import STAGE, Staged, staged

CSV = """phone,name,tier
+14155552671,Ann Lee,gold
+442079460958,"Ek, Bo",
"""


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, wide: None) -> Iterator[Staged]:
    del wide
    with staged(monkeypatch) as stage:
        yield stage


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    path = tmp_path / "accounts.csv"
    path.write_text(CSV)
    return path


def load(path: Path, *more: str) -> int:
    return run(["reference", "load", str(path), "--stage", STAGE, *more])


def stored() -> dict[str, dict[str, str]]:
    found = boto3.client("dynamodb").scan(TableName="reference")["Items"]
    return {
        item["key"]["S"]: json.loads(item["row"]["S"])
        for item in found
        if item["table"]["S"] == "accounts"
    }


def test_a_file_is_loaded_shown_and_listed(
    stage: Staged, accounts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    assert load(accounts) == 0
    assert "accounts: 2 rows loaded by phone, 0 removed, 0 bad" in capsys.readouterr().out
    assert stored() == {
        "+14155552671": {"name": "Ann Lee", "tier": "gold"},
        "+442079460958": {"name": "Ek, Bo"},
    }
    read = ReferenceTable("reference").read([("accounts", "+14155552671")])
    assert read["accounts", "+14155552671"]["tier"] == "gold"
    assert run(["reference", "show", "accounts", "--stage", STAGE]) == 0
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("+14155552671", "Ek, Bo", "tier", "gold"))
    words = ["reference", "show", "accounts", "+14155552671", "--stage", STAGE, "--json"]
    assert run(words) == 0
    assert json.loads(capsys.readouterr().out) == {
        "+14155552671": {"name": "Ann Lee", "tier": "gold"}
    }
    assert run(["reference", "list", "--stage", STAGE, "--json"]) == 0
    (about,) = json.loads(capsys.readouterr().out)
    assert (about["table"], about["rows"], about["key"]) == ("accounts", 2, "phone")
    assert about["columns"] == ["name", "tier"]


def test_a_load_replaces_what_was_there_and_no_other_table(
    stage: Staged, accounts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    load(accounts)
    load(accounts, "--table", "others")
    capsys.readouterr()
    second = tmp_path / "export.csv"
    lines = "".join(f"{number},+1415555{number:04}\n" for number in range(120))
    second.write_text("tier,phone\nsilver,+14155552671\n" + lines)
    assert load(second, "--table", "accounts", "--key", "phone", "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["loaded"]["rows"], done["removed"], done["bad"]) == (121, 1, [])
    assert len(stored()) == 121
    assert stored()["+14155552671"] == {"tier": "silver"}
    assert run(["reference", "show", "others", "+442079460958", "--stage", STAGE]) == 0


def test_bad_rows_are_told_the_others_loaded_and_what_stood_stays(
    stage: Staged, accounts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    load(accounts)
    accounts.write_text(
        "phone,name,tier\n+1,One,gold\n,Nobody,gold\n+14155552671,Ann\n+1,Again,\n\n"
        f"+2,{'x' * 9000},gold\n{'7' * 1025},Long,gold\n+3,Three,\n"
    )
    capsys.readouterr()
    assert load(accounts) == 1
    out, err = capsys.readouterr()
    assert "2 rows loaded by phone, 1 removed, 5 bad" in out
    for said in (
        "line 3: its phone is empty",
        "line 4: it has 2 cells, and the header 3",
        "line 5: its phone stands above already",
        "line 7: it has more than 8192 bytes",
        "line 8: its phone has more than 1024 bytes",
    ):
        assert said in err
    assert set(stored()) == {"+1", "+3", "+14155552671"}
    assert stored()["+14155552671"]["tier"] == "gold"
    assert "Nobody" not in err


@pytest.mark.parametrize(
    ("text", "more", "why"),
    [
        ("phone,tier\n", (), "has no row that can be loaded"),
        ("", (), "name each column"),
        ("phone,\n1,2\n", (), "name each column"),
        ("phone,phone\n1,2\n", (), "two columns are named 'phone'"),
        ("phone,tier\n1,2\n", ("--key", "fone"), "there is no column 'fone'"),
        ("phone,tier\n1,2\n", ("--table", "My accounts"), "is no name of a reference table"),
        ('phone,tier\n1,"2\n', (), "it is no CSV file"),
    ],
)
def test_what_is_no_table_changes_nothing(
    stage: Staged,
    accounts: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    more: tuple[str, ...],
    why: str,
) -> None:
    del stage
    load(accounts)
    accounts.write_text(text)
    assert load(accounts, *more) == 1
    assert why in " ".join(capsys.readouterr().err.split())
    assert len(stored()) == 2


def test_a_file_of_excels_is_read(tmp_path: Path) -> None:
    path = tmp_path / "queues.csv"
    path.write_bytes("\ufeffid;name\r\n12;Zoë, Billing\r\n".encode())
    assert read_table(path).rows == {"12": {"name": "Zoë, Billing"}}
    path.write_bytes("id;name\r\n12;Zoë\r\n".encode("latin-1"))
    with pytest.raises(DocumentError, match="it is not UTF-8"):
        read_table(path)
    with pytest.raises(DocumentError, match="No such file"):
        read_table(tmp_path / "absent.csv")


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(cells.map(str.strip).filter(bool), cells, max_size=8))
def test_each_row_that_was_written_is_read(rows: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("id", "name"), *rows.items()])
        found = read_table(path)
    wanted = {k: {"name": v.strip()} if v.strip() else {} for k, v in rows.items()}
    assert (found.rows, found.bad) == (wanted, [])


def test_an_unknown_row_says_where_to_look(
    stage: Staged, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    assert run(["reference", "show", "accounts", "--stage", STAGE]) == 1
    assert "`switchboard reference list`" in capsys.readouterr().err
    assert run(["reference", "list", "--stage", STAGE]) == 0
    assert "no reference table is loaded" in capsys.readouterr().out


def test_try_looks_up_in_files(
    accounts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = tmp_path / "calls.jsonl"
    lines.write_text('{"from": "+14155552671"}\n{"from": "+1"}\n')
    words = ["try", "lookup('accounts', from, 'tier', 'none')", str(lines)]
    assert run([*words, "--reference", str(accounts)]) == 0
    assert capsys.readouterr().out.splitlines() == ['"gold"', '"none"']
    accounts.write_text("phone,tier\n1,2\n1,3\n")
    assert run([*words, "--reference", str(accounts)]) == 1
    assert "line 3: its phone stands above already" in capsys.readouterr().err


def test_cases_bring_what_is_beside_their_event(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "call.json"
    fields = {"tier": "lookup('accounts', data.from, 'tier')", "id": "raw().id"}
    case: dict[str, Any] = {
        "input": {"data": {"from": "+1"}},
        "reference": {"accounts": {"+1": {"tier": "gold"}}},
        "raw": {"id": "e-1"},
        "output": {"tier": "gold", "id": "e-1"},
    }
    path.write_text(json.dumps({"fields": fields, "cases": [case]}))
    assert run(["mappings", "test", str(path)]) == 0
    del case["reference"]
    path.write_text(json.dumps({"fields": fields, "cases": [case]}))
    assert run(["mappings", "test", str(path)]) == 1
    assert 'tier: wanted "gold", got null' in capsys.readouterr().out
    path.write_text(json.dumps({"fields": fields, "cases": [case | {"reference": {"a": 1}}]}))
    assert run(["mappings", "test", str(path)]) == 1
    assert "reference is an object of tables, keys" in " ".join(capsys.readouterr().err.split())
