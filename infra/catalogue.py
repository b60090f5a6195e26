"""The functions that exist: every `functions/*/spec.py`, found and read."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

import functions
from switchboard.destination import DestinationSpec, FunctionSpec


@cache
def specs() -> Mapping[str, FunctionSpec | DestinationSpec]:
    """The spec of each folder under functions/."""
    found: dict[str, FunctionSpec | DestinationSpec] = {}
    for module in pkgutil.iter_modules(functions.__path__):
        found[module.name] = importlib.import_module(f"functions.{module.name}.spec").SPEC
    return found


def destination_kinds() -> Mapping[str, DestinationSpec]:
    """The destination specs by kind."""
    return {spec.kind: spec for spec in specs().values() if isinstance(spec, DestinationSpec)}


def function_spec(folder: str) -> FunctionSpec:
    """The spec of a function that is no destination."""
    spec = specs()[folder]
    if not isinstance(spec, FunctionSpec):
        raise TypeError(f"functions/{folder} is a destination")
    return spec
