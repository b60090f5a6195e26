import pytest

from desk.command.output import results


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of 200 characters. Where tests run at once, COLUMNS comes too late for the console."""
    monkeypatch.setattr(results, "width", 200)
