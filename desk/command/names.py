"""Names that a shell can complete: those of the stage that the line is about."""

from collections.abc import Sequence
from typing import Annotated, Any

from botocore.exceptions import BotoCoreError, ClientError
from cyclopts import Parameter

from desk.target import LAPTOP, TargetError, reach


def deployed(folder: str, context: Any) -> Sequence[str]:
    """The names under `folder` ("destinations") in the stage of the line; none where it is away."""
    try:
        stage = context["stage"].raw or LAPTOP
        kinds = reach(stage).kinds()
    except (BotoCoreError, ClientError, KeyError, TargetError):
        return []
    return sorted(
        name.removeprefix(f"{folder}/") for name in kinds if name.startswith(f"{folder}/")
    )


def _destinations(context: Any) -> Sequence[str]:
    return deployed("destinations", context)


def _sources(context: Any) -> Sequence[str]:
    return deployed("sources", context)


DestinationName = Annotated[str, Parameter(completer=_destinations)]
SourceName = Annotated[str, Parameter(completer=_sources)]
