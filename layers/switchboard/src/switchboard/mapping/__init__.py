"""What a customer writes: JMESPath expressions over an event, with functions of our own.

JMESPath (https://jmespath.org/specification.html) is parsed and evaluated by its library. It has
no arithmetic and knows no phones, zones or durations; `functions` adds those. Absent fields are
null and no error, which the floating types of 8x8's payloads need.
"""

from switchboard.mapping.documents import Mapping, MappingDocument, compile_mapping
from switchboard.mapping.expressions import IN_PREDICATES, Expression, compile_expression
from switchboard.mapping.given import NOTHING, Asked, Asking, Asks, Found, Given

__all__ = [
    "IN_PREDICATES",
    "NOTHING",
    "Asked",
    "Asking",
    "Asks",
    "Expression",
    "Found",
    "Given",
    "Mapping",
    "MappingDocument",
    "compile_expression",
    "compile_mapping",
]
