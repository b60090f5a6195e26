"""Documentation that is held against the code."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from desk.command.app import run
from desk.reference import COMMANDS, documents, main
from infra.bundling import ROOT
from switchboard.mapping import compile_mapping
from tests.command_lines import WRITTEN, refused

PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("functions/**/*.md")]
    if "node_modules" not in path.parts
)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
TARGET = re.compile(r"\bmake ([a-z]+)\b")
DOCUMENT = re.compile(r"```json ([a-z0-9_-]+)\n(.*?)```", re.DOTALL)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def test_generated_pages_are_what_the_code_says() -> None:
    assert main(["--check"]) == 0


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" not in target:
            assert (page.parent / target).resolve().exists(), target


def test_the_readme_links_every_guide_and_explanation() -> None:
    linked = set(LINK.findall((ROOT / "README.md").read_text()))
    pages = [*ROOT.glob("docs/how-to/*.md"), *ROOT.glob("docs/explanation/*.md")]
    assert {str(page.relative_to(ROOT)) for page in pages} - linked == set()


def test_a_guide_is_called_what_the_readme_lists_it_as() -> None:
    for page in ROOT.glob("docs/how-to/*.md"):
        assert page.read_text().startswith("# How to "), page.name


@each_page
def test_make_targets_exist(page: Path) -> None:
    made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for block in re.findall(r"`+[^`]*`+", page.read_text()):
        for target in TARGET.findall(block):
            assert target in made, target


@each_page
def test_commands_are_ones_that_the_cli_takes(page: Path) -> None:
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
        for words in WRITTEN.findall(block.replace("\\\n", " ")):
            assert refused(words) == ""


@each_page
def test_documents_are_ones_that_would_be_taken(page: Path) -> None:
    for name, text in DOCUMENT.findall(page.read_text()):
        documents()[name].model_validate_json(text)
        if name == "mapping":
            compile_mapping(json.loads(text)["fields"])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "itself")
def test_every_documented_command_has_help(command: tuple[str, ...]) -> None:
    assert run([*command, "--help"]) == 0


def test_the_readmes_two_commands_are_what_a_bare_make_lists() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("demo", "test", "check", "synth", "deploy", "up", "sabotage", "bench", "lock"):
        assert target in done.stdout
    assert sys.version_info >= (3, 11)
