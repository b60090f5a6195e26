"""The functions that our expressions have beyond JMESPath's own.

All take null for "not there" and answer null, so that an absent field is no error. What is there
but of an impossible type raises, and the error names the function and the type it found.
"""

from collections.abc import Mapping, Sequence

from switchboard.mapping import (
    beside,
    choices,
    durations,
    moments,
    numbers,
    phones,
    privacy,
    shapes,
    texts,
)
from switchboard.mapping.catalogue import Function

FAMILIES: Mapping[str, Sequence[Function]] = {
    "Phones": phones.FUNCTIONS,
    "Time": moments.FUNCTIONS,
    "Durations": durations.FUNCTIONS,
    "Numbers": numbers.FUNCTIONS,
    "Choice": choices.FUNCTIONS,
    "Text": texts.FUNCTIONS,
    "Shape": shapes.FUNCTIONS,
    "Personal data": privacy.FUNCTIONS,
    "Beside the event": beside.FUNCTIONS,
}

OURS: Mapping[str, Function] = {
    function.name: function for family in FAMILIES.values() for function in family
}
