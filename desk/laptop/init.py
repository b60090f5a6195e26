"""The first process of a task, as ECS's `initProcessEnabled` has one: `init.py COMMAND…`.

Passes SIGTERM on, ends with the command's own status, and ends the command where whoever started
it has ended, however that was. It runs in the task's environment, and so imports nothing of ours.
"""

import os
import signal
import subprocess
import sys

LOOK_EVERY_SECONDS = 0.3


def main() -> int:
    """Run the command; its status, as shells count it."""
    parent = os.getppid()
    asked: list[int] = []
    # Before there is a command: a signal must not end this process and leave the command behind.
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    command = subprocess.Popen(sys.argv[1:])
    while True:
        try:
            status = command.wait(LOOK_EVERY_SECONDS)
        except subprocess.TimeoutExpired:
            if asked:
                command.send_signal(asked.pop())
            if os.getppid() != parent:
                command.kill()
        else:
            return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
