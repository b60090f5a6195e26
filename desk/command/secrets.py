"""`switchboard secrets`."""

import getpass
import json
import sys
from collections.abc import Collection, Sequence
from typing import Annotated

from cyclopts import App, Parameter

from desk.command.output import DONE, console, fail
from desk.target import Target, reach
from infra.catalogue import destination_kinds
from switchboard.secrets import MAPPING_KEY
from switchboard.sources import KINDS

app = App(name="secrets", help="The secrets of sources and destinations.")


@app.command(name="set")
def set_(
    name: str,
    /,
    *,
    stage: str = "laptop",
    stdin: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Give a source's or destination's secret a value.

    The values are asked for, or read as one JSON object from stdin; never from the command line,
    which others can see. Where a kind takes one of several, leave the others empty. The value
    before counts for 24 hours more. A destination's secret may also hold `mapping_key`: the key of
    `hash()` and `tokenise()` in its mapping.

    Examples:
        switchboard secrets set sources/meetings --stage dev
        echo '{"signing_secret": "whsec_..."}' | switchboard secrets set destinations/crm --stdin

    Args:
        name: sources/NAME or destinations/NAME.
        stage: whose secret it is.
        stdin: read a JSON object from stdin.
    """
    target = reach(stage)
    fields = secret_fields(target, name)
    optional = (MAPPING_KEY,) if name.startswith("destinations/") else ()
    if not fields:
        return fail(f"{name} takes no secret, or is not deployed in stage {stage}")
    if stdin:
        given = _read_stdin()
    else:
        given = {field: getpass.getpass(f"{name} {field}: ") for field in (*fields, *optional)}
    given = {field: value for field, value in given.items() if value}
    needed = [field for field in given if field not in optional]
    problem = secret_problem(needed, fields, one_is_enough=takes_alternatives(target, name))
    if problem:
        return fail(f"the secret of {name} {problem}; its fields are {', '.join(fields)}")
    target.client("secretsmanager").put_secret_value(
        SecretId=f"/switchboard/{target.stage}/{name}", SecretString=json.dumps(given)
    )
    console.print(f"{name} is set; what was set before counts for 24 hours more")
    return DONE


def secret_fields(target: Target, name: str) -> tuple[str, ...]:
    """The fields of a deployed source's or destination's secret."""
    kind = target.kinds().get(name)
    if kind is None:
        return ()
    of_kind = KINDS[kind] if name.startswith("sources/") else destination_kinds()[kind]
    return of_kind.secret_fields


def takes_alternatives(target: Target, name: str) -> bool:
    """Whether one field of a destination's secret is enough."""
    spec = destination_kinds().get(target.kinds().get(name, ""))
    return spec is not None and name.startswith("destinations/") and spec.secret_alternatives


def secret_problem(
    given: Collection[str], fields: Sequence[str], *, one_is_enough: bool
) -> str | None:
    """What is wrong with the fields that were given, if anything."""
    unknown = sorted(set(given) - set(fields))
    missing = [field for field in fields if field not in given]
    if unknown:
        return f"does not know {unknown[0]}"
    if missing and not (one_is_enough and given):
        return f"misses {(' or ' if one_is_enough else ', ').join(missing)}"
    return None


def _read_stdin() -> dict[str, str]:
    try:
        given = json.load(sys.stdin)
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in given.items()} if isinstance(given, dict) else {}
