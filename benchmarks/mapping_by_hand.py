"""The mapping that is measured, as a careful person writes it in Python."""

from typing import Any


def by_hand(event: dict[str, Any]) -> dict[str, Any]:
    """The twenty fields of `benchmarks.mapping.FIELDS`."""
    data = _object(event.get("data"))
    interaction = _object(data.get("interaction"))
    queue = _object(data.get("queue"))
    agent = _object(data.get("agent"))
    customer = _object(data.get("customer"))
    account = _object(customer.get("account"))
    durations = _object(data.get("durations"))
    name, number = customer.get("name"), customer.get("number")
    wait, tier = durations.get("wait_seconds"), account.get("tier")
    media = interaction.get("media")
    codes = _object(data.get("disposition")).get("codes")
    first = _object(codes[0]) if isinstance(codes, list) and codes else {}
    return {
        "Subject": f"Call from {_first(name, number, 'me')}",
        "Type": event.get("type"),
        "CallObject": interaction.get("id"),
        "Direction": "Inbound" if interaction.get("direction") == "in" else "Outbound",
        "Media": None if media is None else str(media).lower(),
        "Queue": queue.get("name") or queue.get("id"),
        "QueueId": queue.get("id"),
        "Agent": _first(agent.get("name"), agent.get("id")),
        "AgentId": agent.get("id"),
        "Customer": None if name is None else str(name).strip(),
        "Phone": number,
        "Account": account.get("id"),
        "Tier": tier or "standard",
        "TalkSeconds": durations.get("talk_seconds"),
        "Talk": _clock(durations.get("talk_seconds")),
        "HoldSeconds": durations.get("hold_seconds"),
        "WaitMinutes": _minutes(wait),
        "Vip": tier == "gold" and isinstance(wait, int | float) and wait > 60,
        "Disposition": first.get("name"),
        "At": event.get("time"),
    }


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _first(*values: Any) -> Any:
    for value in values:
        if value is not None and value != "":
            return value
    return None


def _clock(value: Any) -> str | None:
    if value is None or value == "":
        return None
    seconds = int(float(value))
    sign, left = ("-" if seconds < 0 else ""), abs(seconds)
    return f"{sign}{left // 3600:02d}:{left // 60 % 60:02d}:{left % 60:02d}"


def _minutes(value: Any) -> float | None:
    if value is None or value == "":
        return None
    found = round(float(value) / 60, 2)
    return int(found) if found.is_integer() else found
