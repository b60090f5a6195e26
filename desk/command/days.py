"""Days as an operator writes them."""

from datetime import date, timedelta


def day_of(text: str, today: date) -> date:
    """The day that is meant; raises ValueError with what to write instead."""
    if text in {"today", "yesterday"}:
        return today - timedelta(days=text == "yesterday")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is no day; write it as 2026-11-27, today or yesterday") from None
