"""`python -m tests.faults.skewed SECONDS`: the stream reader on a machine whose clock is wrong."""

import runpy
import sys
import time

TRUE_TIME = time.time


def main() -> None:
    ahead = float(sys.argv.pop(1))
    # Before anything else is imported: what binds the name then binds this one.
    time.time = lambda: TRUE_TIME() + ahead
    runpy.run_module("functions.stream_reader", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
