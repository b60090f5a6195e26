"""`switchboard secrets`."""

import getpass
import json
import sys
from collections.abc import Collection, Sequence
from typing import Annotated

from botocore.exceptions import ClientError
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
    new_mapping_key: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Give a source's or destination's secret a value.

    The values are asked for, or read as one JSON object from stdin; never from the command line,
    which others can see. Where a kind takes one of several, leave the others empty. The value
    before counts for 24 hours more. Any destination's secret may also hold `mapping_key`: the key
    of `hash()` and `tokenise()` in its mapping. Once set it stays, whatever else is set anew.

    Examples:
        switchboard secrets set sources/meetings --stage dev
        echo '{"signing_secret": "whsec_..."}' | switchboard secrets set destinations/crm --stdin
        switchboard secrets set destinations/warehouse --new-mapping-key

    Args:
        name: sources/NAME or destinations/NAME.
        stage: whose secret it is.
        stdin: read a JSON object from stdin.
        new_mapping_key: let `mapping_key` be another one than before: from now on the same value
            gives another pseudonym, at once.
    """
    target = reach(stage)
    fields = secret_fields(target, name)
    if fields is None:
        return fail(f"{name} is not deployed in stage {stage}")
    optional = (MAPPING_KEY,) if name.startswith("destinations/") else ()
    if stdin:
        given = _read_stdin()
    else:
        given = {field: getpass.getpass(f"{name} {field}: ") for field in (*fields, *optional)}
    given = {field: value for field, value in given.items() if value}
    needed = [field for field in given if field not in optional]
    problem = secret_problem(needed, fields, one_is_enough=takes_alternatives(target, name))
    if not (problem or given):
        problem = "has no value"
    if problem:
        known = ", ".join((*fields, *optional))
        return fail(f"the secret of {name} {problem}; its fields are {known}")
    key = _key_before(target, name) if optional else None
    if key is not None and given.setdefault(MAPPING_KEY, key) != key and not new_mapping_key:
        return fail(
            f"the secret of {name} has another {MAPPING_KEY}: under this one the same value would"
            " give another pseudonym. Leave it out to keep the other, or say --new-mapping-key"
        )
    target.client("secretsmanager").put_secret_value(
        SecretId=f"/switchboard/{target.stage}/{name}", SecretString=json.dumps(given)
    )
    console.print(f"{name} is set; what was set before counts for 24 hours more")
    return DONE


def _key_before(target: Target, name: str) -> str | None:
    """The key of a destination's mapping as it is set; None: there is none to be kept."""
    secret = f"/switchboard/{target.stage}/{name}"
    try:
        found = target.client("secretsmanager").get_secret_value(SecretId=secret)
        key: str | None = json.loads(found["SecretString"]).get(MAPPING_KEY)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return None
    except (ValueError, AttributeError):
        # It is no JSON object: what is set now makes it one.
        return None
    return key


def secret_fields(target: Target, name: str) -> tuple[str, ...] | None:
    """What a source's or destination's kind needs of its secret; None: it is not deployed."""
    kind = target.kinds().get(name)
    if kind is None:
        return None
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
