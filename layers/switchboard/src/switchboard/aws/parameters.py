"""SSM: the run-time documents of one stage."""

from collections.abc import Collection, Mapping

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.configuration import Parameter

REQUEST_NAMES = 10


def prefix(stage: str) -> str:
    """Under which every parameter of a stage is kept."""
    return f"/switchboard/{stage}/"


class NamedParameters:
    """A ParameterSource that asks for each name: for a function that knows its own documents."""

    def __init__(self, stage: str) -> None:
        self._prefix = prefix(stage)

    def fetch(self, names: Collection[str]) -> Mapping[str, Parameter]:
        """See ParameterSource; ten names a request."""
        wanted = sorted(names)
        found: dict[str, Parameter] = {}
        for start in range(0, len(wanted), REQUEST_NAMES):
            with translated("reading documents from SSM"):
                answer = client("ssm").get_parameters(
                    Names=[self._prefix + name for name in wanted[start : start + REQUEST_NAMES]]
                )
            for parameter in answer["Parameters"]:
                name = parameter["Name"].removeprefix(self._prefix)
                found[name] = Parameter(parameter["Value"], parameter["Version"])
        return found


class StageParameters:
    """A ParameterSource that reads a whole stage, or one `folder` of it: what there is."""

    def __init__(self, stage: str, folder: str = "") -> None:
        self._prefix = prefix(stage)
        self._path = self._prefix + folder

    def fetch(self, names: Collection[str] = ()) -> Mapping[str, Parameter]:  # noqa: ARG002
        """Every parameter there, ten a request, whatever is asked for."""
        found: dict[str, Parameter] = {}
        with translated("reading documents from SSM"):
            pages = (
                client("ssm")
                .get_paginator("get_parameters_by_path")
                .paginate(
                    Path=self._path, Recursive=True, PaginationConfig={"PageSize": REQUEST_NAMES}
                )
            )
            for page in pages:
                for parameter in page["Parameters"]:
                    name = parameter["Name"].removeprefix(self._prefix)
                    found[name] = Parameter(parameter["Value"], parameter["Version"])
        return found
