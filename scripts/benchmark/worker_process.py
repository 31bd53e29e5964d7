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
                "peak_bytes": _peak_bytes(),
            }
            print(json.dumps(cost), file=out, flush=True)


def _peak_bytes() -> int:
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # On Linux, ru_maxrss is at least what the parent had when it started this process.
    # https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
    with open("/proc/self/status") as status:
        (kilobytes,) = (line.split()[1] for line in status if line.startswith("VmHWM"))
    return int(kilobytes) * 1024


if __name__ == "__main__":
    main(sys.argv[1])
