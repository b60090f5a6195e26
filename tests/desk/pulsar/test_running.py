"""`make test-pulsar` where the real server cannot run."""

import subprocess
import sys
from pathlib import Path

from infra.bundling import ROOT


def test_without_java_it_says_so_and_does_not_fail(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.pulsar.run"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "NOT RUN: there is no java\n"


def test_an_old_java_is_not_enough(tmp_path: Path) -> None:
    for tool, says in (("java", 'openjdk version "11.0.2"'), ("mvn", ""), ("tar", "")):
        path = tmp_path / tool
        path.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
        path.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "tests.pulsar.run"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "NOT RUN: Java 17 is needed\n"
