"""The command's own face: help, exit codes, errors in one line; what needs no stack."""

import json
from pathlib import Path
from typing import Any

import pytest

from desk.command.app import run
from desk.command.secrets import secret_problem
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
    ["dead", "held"],
    ["dead", "release"],
    ["completion"],
    ["prove"],
    ["timeline"],
    ["search"],
    ["why"],
    ["tail"],
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


@pytest.mark.parametrize(
    ("given", "one_is_enough", "problem"),
    [
        (["a", "b"], False, None),
        (["a"], False, "misses b"),
        (["a"], True, None),
        ([], True, "misses a or b"),
        (["a", "c"], True, "does not know c"),
    ],
)
def test_a_secret_has_its_fields(
    given: list[str], one_is_enough: bool, problem: str | None
) -> None:
    assert secret_problem(given, ["a", "b"], one_is_enough=one_is_enough) == problem


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

    def lines(self, tmp_path: Path, *texts: str) -> int:
        file = tmp_path / "requests.jsonl"
        file.write_text("\n".join(texts) + "\n")
        return run(
            [
                "verify", "--lines", str(file), "--source", str(self.SOURCE),
                "--secret", about(JAAS[0])["secret"],
            ]
        )  # fmt: skip

    def test_lines_are_judged_one_by_one_each_at_its_own_time(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        samples = [path for path in JAAS if about(path)["secret"] == about(JAAS[0])["secret"]]
        whole = [json.loads(path.read_text()) for path in samples]
        texts = [json.dumps({**one, "at": one["about"]["at"]}) for one in whole]
        expected = [one["about"]["expected"]["status"] == 202 for one in whole]
        assert {True, False} <= set(expected)
        assert self.lines(tmp_path, *texts) == 1
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [one["accepted"] for one in said] == expected
        accepted = [text for text, good in zip(texts, expected, strict=True) if good]
        assert self.lines(tmp_path, *accepted) == 0

    def test_a_line_that_is_no_request_has_a_verdict_and_the_rest_goes_on(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        sample = next(path for path in JAAS if about(path)["expected"]["status"] == 202)
        told = json.loads(sample.read_text())
        good = json.dumps({**told, "at": told["about"]["at"]})
        bad = ["not json", "[]", '{"headers": {}}', json.dumps({**told, "at": "noon"}), "[" * 9999]
        assert self.lines(tmp_path, *bad, "", good) == 1
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [one["line"] for one in said] == [1, 2, 3, 4, 5, 7]
        assert [one["accepted"] for one in said] == [False] * 5 + [True]
        assert all("reading the request" in one["reason"] for one in said[:-1])

    def test_no_line_proves_nothing(self, tmp_path: Path) -> None:
        assert self.lines(tmp_path, "") == 1

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


class TestCompletion:
    @pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
    def test_the_script_of_a_shell_knows_the_commands(
        self, shell: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["completion", shell]) == 0
        script = capsys.readouterr().out
        for word in ("switchboard", "migrate", "dead", "replay"):
            assert word in script

    def test_it_is_installed_where_it_is_asked_to_be(self, tmp_path: Path) -> None:
        place = tmp_path / "completions" / "switchboard"
        assert run(["completion", "bash", "--install", "--output", str(place)]) == 0
        assert "complete" in place.read_text()

    def test_a_place_that_cannot_be_written_is_an_error(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "file").write_text("")
        place = tmp_path / "file" / "switchboard"
        assert run(["completion", "bash", "--install", "--output", str(place)]) == 1
        assert str(tmp_path) in capsys.readouterr().err.replace("\n", "")
