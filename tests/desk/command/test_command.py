"""The command's own face: help, exit codes, errors in one line; what needs no stack."""

import json
from pathlib import Path
from typing import Any

import pytest

from desk.command.app import run
from desk.command.up import sample_curl
from infra.bundling import ROOT

COMMANDS = [
    ["up"],
    ["demo"],
    ["sabotage"],
    ["apply"],
    ["secrets", "set"],
    ["invoke"],
    ["verify"],
    ["dead", "list"],
    ["dead", "show"],
    ["dead", "replay"],
]
SAMPLES = sorted((ROOT / "events" / "webhooks").glob("*/*.json"))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--help"]) == 0
    assert f"switchboard {' '.join(command)}" in capsys.readouterr().out


def test_a_wrong_word_is_wrong_usage() -> None:
    assert run(["nope"]) == 2
    assert run(["demo", "--events", "many"]) == 2


def test_a_folder_without_documents_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply", str(tmp_path)]) == 1
    assert "holds no documents" in capsys.readouterr().err


def about(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())["about"]
    return found


JAAS = [path for path in SAMPLES if about(path)["expected"]["status"] in {202, 401}]
JAAS = [path for path in JAAS if about(path)["source"] == "meetings"]


class TestVerify:
    SOURCE = ROOT / "events" / "sources" / "meetings.json"

    def verify(self, sample: Path, *more: str) -> int:
        told = about(sample)
        return run(
            [
                "verify", str(sample), "--source", str(self.SOURCE),
                "--secret", told["secret"], "--at", str(told["at"]), *more,
            ]
        )  # fmt: skip

    @pytest.mark.parametrize("sample", JAAS, ids=lambda path: path.stem)
    def test_a_sample_is_accepted_or_refused_as_it_says(
        self, sample: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        accepted = about(sample)["expected"]["status"] == 202
        assert self.verify(sample) == (0 if accepted else 1)
        shown = capsys.readouterr().out
        assert ("accepted" if accepted else "refused") in shown
        assert about(sample)["secret"] not in shown

    def test_json_is_for_programs(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.verify(JAAS[0], "--json")
        assert set(json.loads(capsys.readouterr().out)) >= {"accepted", "reason"}

    def test_no_secret_is_an_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        sample = next(path for path in SAMPLES if path.parent.name == "jaas")
        assert run(["verify", str(sample), "--source", str(self.SOURCE)]) == 1
        assert "--secret" in capsys.readouterr().err

    def test_a_missing_file_is_an_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        arguments = ["verify", "nowhere.json", "--source", str(self.SOURCE), "--secret", "x"]
        assert run(arguments) == 1
        assert "nowhere.json" in capsys.readouterr().err


def test_the_sample_curl_carries_a_signature() -> None:
    curl = sample_curl("http://127.0.0.1:1/laptop")
    assert curl.startswith("curl -i http://127.0.0.1:1/laptop/webhooks/meetings")
    assert "X-Jaas-Signature: t=" in curl
