"""`python -m tests.pulsar.run`: the protocol scenarios against Apache Pulsar itself.

Prints `PULSAR version: n scenarios`, or `NOT RUN: reason` where Java or Maven is missing. Where
both are there and not every scenario passed, it ends with another code than 0.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from tests.pulsar.real import VERSION

OLDEST_JAVA = 17


def missing() -> str:
    """What this machine lacks; nothing when it can run."""
    for tool in ("java", "mvn", "tar"):
        if shutil.which(tool) is None:
            return f"there is no {tool}"
    done = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)', done.stderr)
    if found is None or int(found[1]) < OLDEST_JAVA:
        return f"Java {OLDEST_JAVA} is needed"
    return ""


def passed(report: Path) -> int:
    """How many scenarios of a JUnit report passed."""
    if not report.exists():
        return 0
    cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314 - our own report
    return sum(1 for case in cases if not list(case))


def main() -> int:
    if reason := missing():
        print(f"NOT RUN: {reason}")
        return 0
    with tempfile.TemporaryDirectory(prefix="pulsar") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", str(Path(__file__).parent), "-q"]
        done = subprocess.run(
            [*command, f"--junitxml={report}", f"--basetemp={folder}/tests", *sys.argv[1:]],
            env=os.environ | {"PULSAR": "real"},
            check=False,
        )
        count = passed(report)
    if not count:
        print("NOT RUN: see above; Java and Maven are here, so this is a failure")
        return 1
    print(f"PULSAR {VERSION}: {count} scenarios")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
