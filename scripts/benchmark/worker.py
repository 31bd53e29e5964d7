"""One handler in a process of its own: a turn a line of standard input, its cost a line of output.

Run as ``python worker.py MODULE`` with the Lambda's environment.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import sys
import time


def main(module_name: str) -> None:
    """Answer turns until the input ends."""
    out = sys.stdout
    # The handler's log lines must not get in between.
    with open(os.devnull, "w") as log, contextlib.redirect_stdout(log):
        handler = importlib.import_module(module_name).lambda_handler
        for line in sys.stdin:
            cpu = time.process_time()
            started = time.monotonic()
            response = handler(json.loads(line), None)
            cost = {
                "started_at": started,
                "returned_at": time.monotonic(),
                "cpu_seconds": time.process_time() - cpu,
                "peak_kilobytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
                "characters": len(response["messages"][0]["content"]),
            }
            print(json.dumps(cost), file=out, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
