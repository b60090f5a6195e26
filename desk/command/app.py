"""The command's tree, and the one place where errors become lines and exit codes.

Exit codes: 0 done; 1 refused, failed, or a promise did not hold; 2 wrong usage.
"""

import sys

from botocore.exceptions import BotoCoreError, ClientError
from cyclopts import App
from cyclopts.exceptions import CycloptsError

from desk.apply.documents import DocumentError
from desk.command import (
    apply,
    completion,
    dead,
    demo,
    destinations,
    drift,
    drill,
    explaining,
    forget,
    invoke,
    migrate,
    prove,
    reference,
    replay,
    search,
    secrets,
    sources,
    tail,
    timeline,
    trying,
    up,
    verify,
    why,
)
from desk.command.output import USAGE, fail
from desk.demo.sabotage import SabotageFailed
from desk.laptop.address import StackError
from desk.target import TargetError
from switchboard.errors import SwitchboardError

app = App(
    name="switchboard",
    help="Operate Switchboard: on the laptop stack that is up, or in a real account.",
    help_epilogue="Exit codes: 0 done; 1 refused, failed, or a promise broken; 2 wrong usage.",
    version="0.1.0",
    result_action="return_value",
)
app.command(up.up)
app.command(demo.demo)
app.command(demo.sabotage)
app.command(drill.drill)
app.command(apply.apply)
app.command(secrets.app)
app.command(invoke.invoke)
app.command(verify.verify)
app.command(dead.app)
app.command(replay.app)
app.command(sources.app)
app.command(migrate.app)
app.command(timeline.timeline)
app.command(search.search)
app.command(why.why)
app.command(tail.tail)
app.command(prove.prove)
app.command(drift.drift)
app.command(forget.forget)
app.command(destinations.app)
app.command(reference.app)
app.command(trying.try_, name="try")
app.command(trying.app)
app.command(explaining.explain_event, name="explain")
app.command(completion.completion)


def run(arguments: list[str]) -> int:
    """Run the command; the exit code."""
    try:
        code = app(arguments, exit_on_error=False)
    except CycloptsError:
        # cyclopts has said what is wrong.
        return USAGE
    except (
        DocumentError,
        SabotageFailed,
        StackError,
        SwitchboardError,
        TargetError,
    ) as error:
        return fail(str(error))
    except ClientError as error:
        found = error.response["Error"]
        return fail(f"{error.operation_name}: AWS answered {found['Code']}: {found['Message']}")
    except BotoCoreError as error:
        return fail(f"AWS cannot be reached: {error}; are credentials and region set?")
    except KeyboardInterrupt:
        return fail("interrupted")
    return code if isinstance(code, int) else 0


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))
