"""The operator's commands as alarms name them: with their stage."""

import re

_COMMAND = re.compile(r"`(switchboard [^`]+)`")
_OF_NO_STAGE = ("switchboard verify ",)
"""Works on files alone."""


def on_stage(text: str, stage: str) -> str:
    """`text` with the stage in each command of it: without one, a command asks the laptop."""

    def placed(match: "re.Match[str]") -> str:
        command = match[1]
        return (
            f"`{command}`" if command.startswith(_OF_NO_STAGE) else f"`{command} --stage {stage}`"
        )

    return _COMMAND.sub(placed, text)
