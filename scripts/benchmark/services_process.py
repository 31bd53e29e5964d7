"""The local stack around a steady model, in a process of its own; prints its address.

Run as ``python -m scripts.benchmark.services_process`` with the three numbers of a ``Pace``, and
with what answers socket tasks, which may be empty.
"""

from __future__ import annotations

import os
import sys

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from scripts.benchmark.model import Pace, SteadyModel
from scripts.benchmark.network import Network
from scripts.benchmark.records import Record
from websocket_stack.local import stack
from websocket_stack.local.bedrock import routes as bedrock_routes
from websocket_stack.local.server import listen, origin_of, server


def main(pace: Pace, tasks: str) -> None:
    """Serve until ended."""
    listener = listen("127.0.0.1", 0)
    origin = origin_of("127.0.0.1", listener)
    record = Record.empty()

    def drain(request: Request) -> JSONResponse:
        response = JSONResponse(record.to_json())
        for moments in record:
            moments.clear()
        return response

    model = SteadyModel(pace, record.deltas)
    routes = [Route("/record", drain), *bedrock_routes.routes(model)]
    app = stack.build(origin, routes, model_name="steady", tasks=tasks or None)
    app.add_middleware(Network, record=record, post_seconds=pace.post_seconds)
    print(origin, flush=True)  # noqa: T201 (read by the process that started this one)
    # Nobody reads the log, and a pipe that is full would hold everything up.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    server(app).run(sockets=[listener])


if __name__ == "__main__":
    *numbers, tasks = sys.argv[1:]
    main(Pace(*map(float, numbers)), tasks)
