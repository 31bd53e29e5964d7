"""One handler in a process of its own, as Lambda's runtime would run it.

Run as ``python -P worker_process.py MODULE`` with the Lambda's environment. The first line of
standard input lets it import the module, each further one is an event; for each it writes a line
of JSON. It imports little, so that the handler pays for what it needs.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import sys
import time

# https://man7.org/linux/man-pages/man2/getrusage.2.html; macOS counts in bytes.
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


def main(module_name: str) -> None:
    """Answer turns until the input ends."""
    out = sys.stdout
    # The handler's log lines must not get in between.
    with open(os.devnull, "w") as log, contextlib.redirect_stdout(log):
        sys.stdin.readline()
        cpu, started = time.process_time(), time.monotonic()
        module = importlib.import_module(module_name)
        init = {
            "seconds": time.monotonic() - started,
            "cpu_seconds": time.process_time() - cpu,
            "file": module.__file__,
        }
        print(json.dumps(init), file=out, flush=True)
        for line in sys.stdin:
            cpu, started = time.process_time(), time.monotonic()
            module.lambda_handler(json.loads(line), None)
            cost = {
                "invoked_at": started,
                "returned_at": time.monotonic(),
                "cpu_seconds": time.process_time() - cpu,
                "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_BYTES,
            }
            print(json.dumps(cost), file=out, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
