"""The country of a source's telephone numbers, as documents name it."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from switchboard.phone import DEFAULT_REGION


def _known(region: str) -> str:
    import phonenumbers

    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"no country {region} has telephone numbers; write it as in ISO 3166: GB")
    return region


Region = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_known)]

REGION: Any = Field(
    default=DEFAULT_REGION,
    description="The country of numbers that have no + before them, such as GB.",
)
"""The field of every document that has one."""
