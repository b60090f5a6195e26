"""The documents of an S3 destination."""

from typing import Literal

from pydantic import Field

from switchboard.destination import DeployTime, DestinationDocument


class S3Document(DestinationDocument):
    """How objects are written."""

    compression: Literal["none", "gzip"] = Field(default="none", description="Of each object.")


class S3DeployTime(DeployTime):
    """Where objects are written; the destination's role may write there and nowhere else."""

    bucket: str = Field(
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="The bucket, which must exist."
    )
    prefix: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9_=-][A-Za-z0-9._=-]*/)*$",
        description="What every key begins with; ends in a slash.",
    )
