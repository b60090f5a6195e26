"""Expressions as JMESPath's own interpreter evaluates them: what compiled ones have to equal."""

from collections.abc import Iterable
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions
from jmespath.visitor import Options

from switchboard.mapping.expressions import FAILURES
from switchboard.mapping.functions import OURS

KEY = "a key of tests"


class Refused(Exception):
    """The interpreter cannot evaluate an expression on a value."""


class OurFunctions(Functions):
    """JMESPath's functions and ours, for the library's interpreter."""

    def call_function(self, function_name: str, resolved_args: Iterable[Any]) -> Any:
        """Call one of ours, else one of the library's."""
        ours = OURS.get(function_name)
        if ours is None:
            return super().call_function(function_name, list(resolved_args))
        values = [KEY, *resolved_args] if ours.needs_key else resolved_args
        return ours.call(*values)


OPTIONS = Options(custom_functions=OurFunctions())


def interpret(text: str, value: Any) -> Any:
    """The value of an expression.

    Raises:
        Refused: it cannot be parsed or evaluated.
    """
    try:
        return jmespath.compile(text).search(value, options=OPTIONS)
    except (JMESPathError, *FAILURES) as error:
        raise Refused(str(error)) from error
