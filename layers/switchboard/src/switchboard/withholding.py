"""That a destination is sent no field of an event which the policy withholds from it."""

from collections.abc import Mapping as Documents

from switchboard.configuration import parse_document
from switchboard.destination import DestinationDocument
from switchboard.errors import ConfigurationError
from switchboard.mapping import Mapping
from switchboard.mapping.grammar import parse
from switchboard.mapping.origins import Path, paths_of
from switchboard.policy import POLICY, Policy, PolicyDocument, policy_of

EVERYTHING = frozenset[Path]({()})


def compile_policy(text: str) -> Policy:
    """The policy in the text of `policies/fields`; raises ConfigurationError."""
    return policy_of(parse_document(PolicyDocument, POLICY, text))


def policy_in(documents: Documents[str, str]) -> Policy:
    """The policy among documents by their names; raises ConfigurationError."""
    text = documents.get(POLICY)
    return Policy() if text is None else compile_policy(text)


def check_destination(
    name: str, document: DestinationDocument, mapping: Mapping | None, policy: Policy
) -> None:
    """Whether the destination whose document `name` is may get all that it would be sent.

    Raises:
        ConfigurationError: naming the part that it may not get, the field in it, and what to do.
    """
    if not policy.sensitive:
        return
    parts = {
        f"{field} of its document": paths_of(parse(text))
        for field, text in document.expressions.items()
    }
    if mapping is None:
        parts["without a mapping the whole event"] = EVERYTHING
    else:
        where = f"of mappings/{document.mapping}"
        parts |= {f"fields.{field} {where}": paths for field, paths in mapping.flows.items()}
    for part, paths in parts.items():
        for refused in policy.refused(paths, document.sensitive):
            raise ConfigurationError(
                f"{part} gives {'.'.join(refused)}, which {POLICY} calls sensitive, and {name} is"
                " not allowed it: name it there in `sensitive`, send mask(), hash() or tokenise()"
                " of it, or take it out"
            )
