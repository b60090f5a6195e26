"""What every test has in common."""

from collections.abc import Callable

import pytest
from hypothesis import settings

# A loaded machine is slow, and no test is about time.
settings.register_profile("switchboard", deadline=None)
settings.load_profile("switchboard")

FIGURE = "figure"


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Shows a line at the end of the run: what was measured, and decides nothing."""
    return lambda line: record_property(FIGURE, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of every test, whichever process it ran in."""
    reports = [report for of in terminalreporter.stats.values() for report in of]
    properties = [
        one
        for report in reports
        if getattr(report, "when", "") == "call"
        for one in report.user_properties
    ]
    lines = [str(value) for name, value in properties if name == FIGURE]
    if lines:
        terminalreporter.section("figures")
    for line in lines:
        terminalreporter.write_line(line)
