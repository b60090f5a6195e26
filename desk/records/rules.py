"""What the document of a source says to everybody who reads its events."""

from collections.abc import Mapping

from switchboard.configuration import parse_document
from switchboard.errors import ConfigurationError
from switchboard.sources.contact_center_document import SourceRule


def rule_of(source: str, parameters: Mapping[str, str]) -> SourceRule:
    """The source's rule among the stage's parameters; one that nobody can read says nothing."""
    text = parameters.get(f"sources/{source}")
    if text is None:
        return SourceRule()
    try:
        return parse_document(SourceRule, f"sources/{source}", text)
    except ConfigurationError:
        return SourceRule()
