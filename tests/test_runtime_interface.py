"""The built zip under AWS's own runtime interface client, as an execution environment runs it.

The process sees the unpacked zip and what Lambda's Python runtimes bring, and nothing of this
checkout. What it talks to, from the Runtime API to Bedrock, is on this machine.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from websockets.sync.client import connect

from fulfillment import Notices
from fulfillment.models.base import ModelStream, Prompt
from fulfillment.testing.scripted_model import ScriptedStream, Step
from tests.stack_fixture import HOST, client, running_stack, wait_until_unregistered
from tests.turns import reply_of
from websocket_stack.deployment.build.lambda_zip import build
from websocket_stack.local import stack
from websocket_stack.local.bedrock import routes as bedrock_routes
from websocket_stack.local.lex.code_hooks import read_response

pytestmark = pytest.mark.slow

pytest.importorskip("awslambdaric", reason="awslambdaric has wheels for Linux only")

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
OWN_VERSION = "{}.{}".format(*sys.version_info)
# As Lambda's runtimes have it: the SDK with what it needs, and the runtime interface client.
RUNTIME = (
    "boto3 botocore jmespath python-dateutil s3transfer six urllib3"
    " awslambdaric simplejson snapshot-restore-py"
).split()
HANDLER = "fulfillment.handler.lambda_handler"

ONE, TWO = "One lamp. ", "Two lamps."
WORLD = "Größe, 灯台, маяк, 🗼."
PATIENCE_SECONDS = 30

# Says what the process sees; a bot builder's own code in the zip.
PROBE = """\
import importlib.util
import os
import sys

import fulfillment.handler
import fulfillment.telemetry


def lambda_handler(event, context):
    return {
        "version": "{}.{}".format(*sys.version_info),
        "standard library": os.path.dirname(os.__file__),
        "found": [name for name in event["names"] if importlib.util.find_spec(name)],
        "files": {name: getattr(module, "__file__", None) for name, module in sys.modules.items()},
        "context": [context.aws_request_id, context.invoked_function_arn, context.function_name],
    }
"""

# awslambdaric's HTTP client is compiled, so what pip installed fits one version of Python. The
# others get this for it; everything above HTTP is awslambdaric's own.
HTTP_CLIENT = """\
import http.client
import os


def initialize_client(user_agent):
    pass


def _call(method, path, body=None, headers={}):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request(method, f"/2018-06-01/runtime/invocation/{path}", body, headers)
    response = connection.getresponse()
    answer = response.read(), dict(response.headers)
    connection.close()
    return answer


def next():
    body, headers = _call("GET", "next")
    headers["Lambda-Runtime-Deadline-Ms"] = int(headers["Lambda-Runtime-Deadline-Ms"])
    return body, headers


def post_invocation_result(invoke_id, content, content_type, invocation_id):
    _call("POST", f"{invoke_id}/response", content, {"Content-Type": content_type})


def post_error(invoke_id, error, xray_fault, invocation_id):
    _call("POST", f"{invoke_id}/error", error)
"""


# --- the Runtime API

API = "/2018-06-01/runtime"


class Posted(NamedTuple):
    """What the process posted, and where below ``API``."""

    path: str
    body: bytes


class RuntimeApi:
    """Lambda's side: hands events out and keeps what comes back.

    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    """

    def __init__(self) -> None:
        # None ends the wait for the next one.
        self.events: queue.Queue[tuple[bytes, Mapping[str, str]] | None] = queue.Queue()
        self.posted: queue.Queue[Posted] = queue.Queue()
        self._server = ThreadingHTTPServer((HOST, 0), handler_of(self))
        self.address = f"{HOST}:{self._server.server_port}"

    def __enter__(self) -> RuntimeApi:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.events.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def handler_of(api: RuntimeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == f"{API}/invocation/next"
            handed_out = api.events.get()
            if handed_out is not None:
                self._answer(200, *handed_out)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(202, b'{"status": "OK"}', {})
            api.posted.put(Posted(self.path.removeprefix(API), body))

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


# --- the execution environment


class ExecutionEnvironment:
    """A process that runs the unpacked zip."""

    def __init__(self, api: RuntimeApi, version: str, task_root: Path, log: Path) -> None:
        self._api = api
        self._log = log
        self.version = version
        self.task_root = task_root

    def start(self, event: Mapping[str, Any], seconds: float = 31) -> str:
        """Hand an event out, to be answered within so many seconds; return the request's id."""
        request_id = str(uuid.uuid4())
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:1:function:bot:live",
            "Lambda-Runtime-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
        }
        self._api.events.put((json.dumps(event).encode(), headers))
        return request_id

    def response(self, request_id: str) -> bytes:
        """Return the body of the response to a request, which has to be what comes back next."""
        try:
            posted = self._api.posted.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            pytest.fail(f"nothing came back; the log:\n{self.log()}")
        assert posted.path == f"/invocation/{request_id}/response", (posted, self.log())
        return posted.body

    def invoke(self, event: Mapping[str, Any], seconds: float = 31) -> bytes:
        return self.response(self.start(event, seconds))

    def log(self) -> str:
        return self._log.read_text("utf-8")


def environment_variables(
    api: RuntimeApi, version: str, handler: str, origin: str
) -> dict[str, str]:
    """Return what Lambda sets, with the template's JSON logging, and the function's settings.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    return stack.lambda_environment(origin, {"FLUSH_INTERVAL_SECONDS": "0.02"}) | {
        "_HANDLER": handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_FUNCTION_NAME": "bot",
        "AWS_LAMBDA_FUNCTION_VERSION": "3",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/bot",
        "AWS_LAMBDA_LOG_LEVEL": "INFO",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/20/[3]0123456789abcdef",
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
    }


def start_of(task_root: Path, runtime: Path) -> str:
    """Return the program that is Lambda's ``/var/runtime/bootstrap``, with its order of imports."""
    return (
        "import os, runpy, sys\n"
        f"sys.path[:0] = [{str(task_root)!r}, {str(runtime)!r}]\n"
        "sys.argv = ['bootstrap', os.environ['_HANDLER']]\n"
        "runpy.run_module('awslambdaric', run_name='__main__')\n"
    )


@dataclass
class Machine:
    """Where execution environments are made."""

    folder: Path
    origin: str
    built: Path

    @contextmanager
    def environment(self, version: str, handler: str = HANDLER) -> Iterator[ExecutionEnvironment]:
        """Unpack the zip and run it until the block is left."""
        folder = Path(tempfile.mkdtemp(prefix=f"{version}-", dir=self.folder))
        task_root, log = folder / "task", folder / "log"
        runtime = runtime_folder(folder / "runtime", version)
        with zipfile.ZipFile(self.built) as archive:
            archive.extractall(task_root)
        # -I and -S: no PYTHONPATH, no current folder, no site-packages. -B: Lambda's disk is
        # read-only. utf8: as under Lambda's LANG, which this machine may not know. A warning of
        # the zip's code under any version is an error here.
        command = [interpreter(version), "-I", "-S", "-B", "-W", "error", "-X", "utf8", "-c"]
        with RuntimeApi() as api, log.open("wb") as output:
            process = subprocess.Popen(
                [*command, start_of(task_root, runtime)],
                cwd=task_root,
                env=environment_variables(api, version, handler, self.origin)
                | {"LAMBDA_TASK_ROOT": str(task_root), "LAMBDA_RUNTIME_DIR": str(runtime)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                yield ExecutionEnvironment(api, version, task_root, log)
            finally:
                process.kill()
                process.wait()


def interpreter(version: str) -> str:
    """Return the path of a Python of some version; skips the test where there is none."""
    if version == OWN_VERSION:
        return sys.executable
    # pyenv's own python3.X on the PATH fails unless that version is the chosen one.
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    on_path = shutil.which(f"python{version}")
    for path in [on_path, *map(str, pyenv.glob(f"{version}.*/bin/python{version}"))]:
        if path and subprocess.run([path, "-c", ""], capture_output=True).returncode == 0:
            return path
    pytest.skip(f"this machine has no Python {version}")


def runtime_folder(folder: Path, version: str) -> Path:
    """Make a folder with what Lambda's runtime brings, and nothing else of site-packages."""
    folder.mkdir(parents=True)
    for name in RUNTIME:
        found = metadata.distribution(name)
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            (folder / top).symlink_to(str(found.locate_file(top)))
    if version != OWN_VERSION:
        (folder / "runtime_client.py").write_text(HTTP_CLIENT, "utf-8")
    return folder


# --- fixtures


@dataclass
class SharedModel:
    """Answers what the test that runs wants answered."""

    script: Sequence[Step] = field(default_factory=list)

    def ask(self, prompt: Prompt) -> ModelStream:
        return ScriptedStream(self.script)


@pytest.fixture(scope="module")
def model() -> SharedModel:
    return SharedModel()


@pytest.fixture(scope="module")
def machine(model: SharedModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("machine")
    code = folder / "code"
    code.mkdir()
    (code / "probe.py").write_text(PROBE, "utf-8")
    built = build([code], folder / "build")
    with running_stack(model_routes=bedrock_routes.routes(model)) as origin:
        yield Machine(folder, origin, built)


@pytest.fixture(scope="module", params=VERSIONS)
def environment(request: pytest.FixtureRequest, machine: Machine) -> Iterator[ExecutionEnvironment]:
    with machine.environment(request.param) as made:
        yield made


# --- what it does


@pytest.mark.parametrize("name", ["console_test_window", "lex_web_ui_second_turn"])
def test_a_real_event_gets_a_close_that_lex_takes(
    environment: ExecutionEnvironment,
    model: SharedModel,
    load_event: Callable[[str], dict[str, Any]],
    name: str,
) -> None:
    model.script = [ONE, TWO]
    event = load_event(name)
    body = environment.invoke(event)
    assert read_response(body, event["invocationSource"]).action == "Close"
    assert reply_of(json.loads(body)) == (ONE + TWO, "Fulfilled")


def test_frames_reach_the_browser_before_the_model_has_ended(
    environment: ExecutionEnvironment,
    machine: Machine,
    model: SharedModel,
    load_event: Callable[[str], dict[str, Any]],
) -> None:
    shown = threading.Event()
    model.script = [ONE, shown, TWO]
    event = load_event("lex_web_ui_second_turn")
    address = f"ws{machine.origin.removeprefix('http')}/Prod?sessionId={quote(event['sessionId'])}"
    try:
        with connect(address) as browser:
            request_id = environment.start(event)
            frames = [browser.recv(PATIENCE_SECONDS), browser.recv(PATIENCE_SECONDS)]
            assert "".join(map(str, frames)) == ONE
            shown.set()
            body = environment.response(request_id)
    finally:
        shown.set()
    assert reply_of(json.loads(body)) == (ONE + TWO, "Fulfilled")
    # The next version's browser has the same session.
    dynamodb = client("dynamodb", machine.origin)
    wait_until_unregistered(dynamodb, event["sessionId"])
    dynamodb.close()


def test_from_python_3_12_on_the_response_is_utf_8_and_not_escaped(
    environment: ExecutionEnvironment,
    model: SharedModel,
    load_event: Callable[[str], dict[str, Any]],
) -> None:
    model.script = [WORLD]
    body = environment.invoke(load_event("lex_web_ui_second_turn"))
    assert reply_of(json.loads(body)) == (WORLD, "Fulfilled")
    if environment.version == "3.11":
        assert body.isascii()
    else:
        assert WORLD.encode() in body


def test_the_turn_ends_before_the_deadline_that_lambda_set(
    environment: ExecutionEnvironment,
    model: SharedModel,
    load_event: Callable[[str], dict[str, Any]],
) -> None:
    # A first turn loads what it needs, which takes a busy machine long.
    model.script = [ONE, TWO]
    environment.invoke(load_event("lex_web_ui_second_turn"))
    released = threading.Event()
    model.script = [ONE, released]
    started = time.monotonic()
    try:
        body = environment.invoke(load_event("lex_web_ui_second_turn"), seconds=5)
    finally:
        released.set()
    assert time.monotonic() - started < 5
    text, state = reply_of(json.loads(body))
    assert text.startswith(f"{ONE.strip()}\n\n{Notices().cut}")
    assert state == "Fulfilled"


def test_a_turn_is_one_line_of_the_log(environment: Any, model: Any, load_event: Any) -> None:
    """With its request, and no word of it."""
    model.script = [ONE, TWO]
    event = load_event("lex_web_ui_second_turn")
    request_id = environment.start(event)
    environment.response(request_id)
    log = environment.log()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    (turn,) = [
        line for line in lines if line.get("message") == "turn" and line["request_id"] == request_id
    ]
    assert turn["outcome"] == "completed"
    assert any("_aws" in line and line["request_id"] == request_id for line in lines), (
        "no metrics record"
    )
    assert ONE.strip() not in log
    assert event["inputTranscript"] not in log
    assert not re.search(r"Warning|Traceback", log)


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_loaded_but_the_zip_and_what_lambda_brings(
    machine: Machine, version: str
) -> None:
    # Of websocket_stack the zip has its tasks alone.
    absent = ["websocket_stack.local", "lex_streaming", "conftest", "moto", "starlette", "openai"]
    with machine.environment(version, "probe.lambda_handler") as made:
        request_id = made.start({"names": [*absent, "boto3"]})
        seen = json.loads(made.response(request_id))
    assert seen["version"] == version
    assert seen["found"] == ["boto3"]
    assert seen["context"] == [request_id, "arn:aws:lambda:us-east-1:1:function:bot:live", "bot"]
    runtime = made.task_root.parent / "runtime"
    allowed = tuple(f"{each}/" for each in (made.task_root, runtime, seen["standard library"]))
    assert {
        name: file for name, file in seen["files"].items() if file and not file.startswith(allowed)
    } == {}
    for name in ("probe", "fulfillment.handler", "aws_lambda_powertools", "jmespath"):
        assert seen["files"][name].startswith(f"{made.task_root}/")
    assert seen["files"]["botocore"].startswith(f"{runtime}/")
    if version == OWN_VERSION:
        assert seen["files"]["runtime_client"].endswith(".so"), "not awslambdaric's HTTP client"
