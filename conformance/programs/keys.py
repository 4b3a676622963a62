"""Runs a program of full screens at a terminal of its own, and presses keys when it shows what they answer.

One JSON object on standard input: `run` (the command), `turns` (pairs of what must be seen and the keys pressed then),
`seconds`. Ends as the program ends; what it showed goes to standard output.
"""

import json
import os
import pty
import select
import sys
import time


def main():
    told = json.load(sys.stdin)
    child, screen = pty.fork()
    if child == 0:
        os.execvp(told["run"][0], told["run"])
    turns, until, fresh = told["turns"], time.monotonic() + told["seconds"], b""
    while time.monotonic() < until:
        ready, _, _ = select.select([screen], [], [], 0.1)
        try:
            shown = os.read(screen, 65536) if ready else None
        except OSError:  # the program has closed its terminal
            break
        if shown == b"":
            break
        if shown:
            fresh += shown
            sys.stdout.buffer.write(shown)
        elif turns and turns[0][0].encode() in fresh:
            # It shows nothing more: it waits for keys.
            os.write(screen, turns.pop(0)[1].encode())
            fresh = b""
    else:
        os.kill(child, 15)
        sys.exit("it did not end in time")
    _, status = os.waitpid(child, 0)
    if turns:
        sys.exit(f"never shown: {turns[0][0]}")
    sys.exit(os.waitstatus_to_exitcode(status))


main()
