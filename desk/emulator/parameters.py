"""What SSM refuses by size, and moto does not."""

from collections.abc import Mapping
from typing import Any

STANDARD = 4096
ADVANCED = 8192


def refuse_size(action: str, parameters: Mapping[str, Any]) -> str | None:
    """Why a PutParameter is refused; None: it is not."""
    if action != "PutParameter":
        return None
    value = str(parameters.get("Value", ""))
    if len(value.encode()) > ADVANCED:
        return f"Parameter values are at most {ADVANCED} bytes in the advanced tier"
    if len(value) > STANDARD and parameters.get("Tier", "Standard") == "Standard":
        return (
            f"Standard tier parameters support a maximum parameter value of {STANDARD} characters"
        )
    return None
