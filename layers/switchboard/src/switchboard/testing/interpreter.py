"""Expressions as JMESPath's own interpreter evaluates them: what compiled ones have to equal."""

from collections.abc import Iterable
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions
from jmespath.visitor import Options

from switchboard.mapping.beside import EXAMPLE
from switchboard.mapping.catalogue import Need
from switchboard.mapping.compiled import FAILURES
from switchboard.mapping.functions import OURS
from switchboard.mapping.given import Given

KEY = "a key of tests"


class Refused(Exception):
    """The interpreter cannot evaluate an expression on a value."""


class OurFunctions(Functions):
    """JMESPath's functions and ours, for the library's interpreter, with what is `given`."""

    def __init__(self, given: Given) -> None:
        self._beside = {Need.KEY: KEY, Need.REFERENCE: given.find, Need.RAW: given.raw}

    def call_function(self, function_name: str, resolved_args: Iterable[Any]) -> Any:
        """Call one of ours, else one of the library's."""
        ours = OURS.get(function_name)
        if ours is None:
            return super().call_function(function_name, list(resolved_args))
        values = [] if ours.needs is None else [self._beside[ours.needs]]
        return ours.call(*values, *resolved_args)


def interpret(text: str, value: Any, given: Given = EXAMPLE) -> Any:
    """The value of an expression.

    Raises:
        Refused: it cannot be parsed or evaluated.
    """
    options = Options(custom_functions=OurFunctions(given))
    try:
        return jmespath.compile(text).search(value, options=options)
    except (JMESPathError, *FAILURES) as error:
        raise Refused(str(error)) from error
