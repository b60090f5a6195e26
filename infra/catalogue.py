"""The functions that exist: every `functions/*/spec.py`, found and read."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

import functions
from switchboard.deployed import FunctionSpec, TaskSpec
from switchboard.destination import DestinationSpec

Spec = FunctionSpec | DestinationSpec | TaskSpec


@cache
def specs() -> Mapping[str, Spec]:
    """The spec of each folder under functions/."""
    found: dict[str, Spec] = {}
    for module in pkgutil.iter_modules(functions.__path__):
        found[module.name] = importlib.import_module(f"functions.{module.name}.spec").SPEC
    return found


def handlers() -> Mapping[str, FunctionSpec | DestinationSpec]:
    """The specs of what Lambda runs: all but tasks."""
    return {folder: spec for folder, spec in specs().items() if not isinstance(spec, TaskSpec)}


def destination_kinds() -> Mapping[str, DestinationSpec]:
    """The destination specs by kind."""
    return {spec.kind: spec for spec in specs().values() if isinstance(spec, DestinationSpec)}


def function_spec(folder: str) -> FunctionSpec:
    """The spec of a function that is no destination."""
    spec = specs()[folder]
    if not isinstance(spec, FunctionSpec):
        raise TypeError(f"functions/{folder} is no function of the core")
    return spec


def task_spec(folder: str) -> TaskSpec:
    """The spec of a container."""
    spec = specs()[folder]
    if not isinstance(spec, TaskSpec):
        raise TypeError(f"functions/{folder} is no container")
    return spec
