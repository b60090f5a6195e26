"""`switchboard completion`."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.completion import ShellDetectionError

from desk.command.output import DONE, console, fail

Shell = Literal["bash", "fish", "powershell", "zsh"]
Flag = Annotated[bool, Parameter(negative="")]


def completion(
    shell: Shell | None = None, /, *, install: Flag = False, output: Path | None = None
) -> int:
    """Print the completion script of a shell, or install it.

    Commands and options are completed without a stack; names of sources and destinations are
    asked of the stage in the line, or of the laptop stack.

    Examples:
        switchboard completion bash > ~/.local/share/bash-completion/completions/switchboard
        switchboard completion zsh --install

    Args:
        shell: which one; without it, the one this is called from.
        install: write it where the shell looks for it, and load it from the shell's start-up file.
        output: with --install, write it there instead and leave the start-up file alone.
    """
    app = _whole_command()
    try:
        if install:
            written = app.install_completion(
                shell=shell, output=output, add_to_startup=output is None
            )
            console.print(f"written to {written}; start a new shell to use it", soft_wrap=True)
        else:
            sys.stdout.write(app.generate_completion(shell=shell))
    except ShellDetectionError:
        return fail("which shell this is cannot be seen; name it: switchboard completion bash")
    except OSError as error:
        return fail(f"writing {error.filename}: {error.strerror}")
    return DONE


def _whole_command() -> App:
    # The command's tree imports this module.
    from desk.command.app import app

    return app
