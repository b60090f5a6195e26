"""Command lines as people read them, held against the command's own parser."""

import re
import shlex

from cyclopts.exceptions import CycloptsError

from desk.command.app import app

WRITTEN = re.compile(r"\bswitchboard (?!-)([a-z][^`\n]*)")
_SHELL = re.compile(r"\s(?:[|<>]|&&|#).*")


def refused(words: str) -> str:
    """Why the parser does not take what stands after `switchboard`; empty: it does."""
    try:
        app.parse_args(shlex.split(_SHELL.sub("", words)), exit_on_error=False, print_error=False)
    except CycloptsError as error:
        return f"{words}: {type(error).__name__}"
    return ""
