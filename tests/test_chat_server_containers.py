"""The containers of ``examples/chat-server``, as far as a machine without an engine can tell."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket as sockets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.requirements import link
from tests.websocket_stack.server.chat_servers import (
    QUICK,
    SECONDS,
    eventually,
    receive_until,
    running,
)
from tests.websocket_stack.server.redis_servers import redis_server
from tests.websocket_stack.server.test_app import is_end, resume, send, text_of

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "examples" / "chat-server"
PORT = "8080"


def free_port() -> Any:
    with sockets.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


# --- the image


def instructions() -> Any:
    """Return the Dockerfile's instructions, each as its name and the rest of it."""
    text = (FOLDER / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


class Build:
    """Carries instructions out, with a folder as each stage's root.

    What the package requires is not downloaded again: it is taken from here, and nothing else is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        requirements = folder / "requirements"
        requirements.mkdir()
        link(requirements, "lex-streaming[server]", "hatchling")
        self.environ = os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # a switch that is off is one that pip was given
            "PYTHONPATH": f"{requirements}",
        }
        self.settings: dict[str, list[str]] = {}

    def run(self) -> None:
        for name, rest in instructions():
            match name:
                case "FROM":
                    stage = rest.split(" AS ")[1] if " AS " in rest else "last"
                    self.root = self._folder / stage
                    self._here = self.root
                case "WORKDIR":
                    self._here = self.root / rest.lstrip("/")
                    self._here.mkdir(parents=True)
                case "COPY":
                    self._copy(*shlex.split(rest))
                case "RUN":
                    command = re.sub(r"--mount=\S+", "", rest)
                    run: dict[str, Any] = {"shell": True, "cwd": self._here, "env": self.environ}
                    subprocess.run(command, check=True, capture_output=True, timeout=300, **run)
                case "ENV":
                    for setting in shlex.split(rest):
                        key, _, value = setting.partition("=")
                        value = value.replace("/chat-server", f"{self.root}/chat-server")
                        self.environ[key] = value.replace(f"${key}", self.environ.get(key, ""))
                case "ENTRYPOINT" | "HEALTHCHECK":
                    self.settings[name] = json.loads(rest[rest.index("[") :])

    def command(self, name: str, port: int) -> list[str]:
        """Return a command of the container, at another port than its own."""
        return [re.sub(rf"\b{PORT}\b", str(port), word) for word in self.settings[name]]

    def _copy(self, *words: str) -> None:
        *sources, target = words
        if sources[0].startswith("--from="):
            stage, (source,) = self._folder / sources[0].removeprefix("--from="), sources[1:]
            shutil.copytree(stage / source[1:], self.root / target[1:], symlinks=True)
            return
        for source in sources:
            assert f"!{source.rstrip('/')}" in kept()
            if source.endswith("/"):
                caches = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, self._here / target, ignore=caches)
            else:
                shutil.copy(ROOT / source, self._here / target)


def kept() -> Any:
    """Return what the builder is sent at all."""
    lines = (FOLDER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert lines[0] == "*"
    return lines


@pytest.mark.ci
def test_the_image_is_built_answers_and_stops(tmp_path: Path) -> None:
    build = Build(tmp_path)
    build.run()
    shutil.rmtree(tmp_path / "build")  # the container does not have it
    port = free_port()
    run: dict[str, Any] = {"env": build.environ, "cwd": build.root}
    server = subprocess.Popen(build.command("ENTRYPOINT", port), stdout=subprocess.DEVNULL, **run)
    try:
        health = build.command("HEALTHCHECK", port)
        eventually(lambda: is_open(port))
        assert subprocess.run(health, **run).returncode == 0
        with connect(f"ws://127.0.0.1:{port}/ws") as socket:
            socket.send(send("request-0123456789ab", "What is Lex Streaming?"))
            assert receive_until(socket, is_end)[-1]["type"] == "end"
            server.send_signal(signal.SIGTERM)
            assert server.wait(SECONDS) == 0
        assert subprocess.run(health, stderr=subprocess.DEVNULL, **run).returncode
    finally:
        server.kill()
        server.wait()


def test_the_image_is_small_pinned_and_not_roots() -> None:
    names = dict(instructions())
    images = {rest.split(" AS ")[0] for name, rest in instructions() if name == "FROM"}
    assert images == {"${PYTHON_IMAGE}"}
    assert re.fullmatch(r"PYTHON_IMAGE=python:\d+\.\d+\.\d+-slim-\w+", names["ARG"])
    assert int(names["USER"].split(":")[0]) > 0
    assert names["EXPOSE"] == PORT
    assert any(
        rest.endswith("'.[server]'") and "--constraint" in rest for _, rest in instructions()
    )


# --- compose.yaml


def compose() -> Any:
    return yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))


def test_compose_understands_the_file() -> None:
    compose_spec = pytest.importorskip("compose_spec")
    # As JSON: it does not know YAML's merge keys, which Compose does.
    spec = compose_spec.PyCompose.from_json(json.dumps(compose()))
    spec.validate()
    assert set(spec.service_names()) == {"nginx", "chat-1", "chat-2", "redis"}


@pytest.mark.parametrize("name", ["nginx", "chat-1", "chat-2", "redis"])
def test_each_container_can_do_little(name: str) -> None:
    service = compose()["services"][name]
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    if name.startswith("chat"):
        assert (ROOT / service["build"]["dockerfile"]).exists()
        assert (FOLDER / service["build"]["context"]).resolve() == ROOT
    else:
        assert re.search(r":\d+\.\d+\.\d+-", service["image"])


def test_only_nginx_is_reached_from_outside_and_redis_from_nowhere() -> None:
    services, networks = compose()["services"], compose()["networks"]
    assert [name for name, service in services.items() if service.get("ports")] == ["nginx"]
    inside = {name for name, network in networks.items() if (network or {}).get("internal")}
    assert set(services["redis"]["networks"]) <= inside
    assert not set(services["redis"]["networks"]) & set(services["nginx"]["networks"])


# --- nginx


@contextmanager
def nginx(folder: Any, ports: Any, *, http: Any = "") -> Iterator[Any]:
    """Run nginx before servers with our file, and else as it is by default."""
    if not shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"):
        pytest.skip("nginx is not installed")
    port = free_port()
    text = (FOLDER / "nginx.conf").read_text("utf-8")
    for number, server in enumerate(ports, 1):
        text = text.replace(f"chat-{number}:{PORT}", f"127.0.0.1:{server}")
    log = folder / "access.log"
    text = text.replace(f"listen {PORT}", f"listen 127.0.0.1:{port}").replace(
        "/dev/stdout", f"{log}"
    )
    (folder / "conf.d").mkdir()
    (folder / "conf.d" / "default.conf").write_text(text)
    temporary = " ".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "nginx.conf"
    main.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ {temporary} {http} include conf.d/*.conf; }}\n"
    )
    command = ["nginx", "-p", str(folder), "-e", f"{folder}/error.log", "-c", str(main)]
    environ = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
    checked = subprocess.run([*command, "-t"], env=environ, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen(command, env=environ)
    try:
        eventually(lambda: is_open(port))
        yield port, log
    finally:
        process.terminate()
        process.wait(SECONDS)


def is_open(port: Any) -> Any:
    with sockets.socket() as socket:
        return not socket.connect_ex(("127.0.0.1", port))


def status_of(port: Any, path: Any) -> Any:
    with sockets.create_connection(("127.0.0.1", port), SECONDS) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: chat\r\nConnection: close\r\n\r\n".encode())
        return int(raw.recv(4_096).split()[1])


@pytest.mark.slow
def test_a_client_behind_nginx_reads_on_at_the_other_server(tmp_path: Path) -> None:
    go_on = threading.Event()

    def script(utterance: Any) -> Any:
        return ["Hello", " world", go_on, "!"]

    with (
        redis_server(str(tmp_path)) as redis,
        running(script, redis=redis.url) as one,
        running(script, redis=redis.url) as other,
        nginx(tmp_path, [one.port, other.port]) as (port, log),
    ):
        url, page = f"ws://127.0.0.1:{port}/ws", f"http://127.0.0.1:{port}"
        # The first of the two stays open, so that the next one goes to the other server.
        with connect(url, origin=Origin(page)) as socket:
            socket.send(send("request-0123456789ab"))
            first = receive_until(socket, lambda frame: "Hello" in text_of([frame]))
            with connect(f"{url}?unused=secret", origin=Origin(page)) as again:
                again.send(resume("again", first[-1]["sequence"]))
                go_on.set()
                rest = receive_until(again, is_end)
        assert text_of(first) + text_of(rest) == "Hello world!"
        assert all(len(server.chat_server._services.runs._runs) <= 1 for server in (one, other))
        assert len(one.source.questions) + len(other.source.questions) == 1
        assert (status_of(port, "/health"), status_of(port, "/metrics")) == (200, 404)
        eventually(lambda: log.read_text().count('"GET /ws" 101') == 2)
        assert "secret" not in log.read_text()


@pytest.mark.slow
def test_nginx_tries_the_other_server_when_one_shuts_down(tmp_path: Path) -> None:
    with running() as one, running() as other, nginx(tmp_path, [one.port, other.port]) as (port, _):
        one.chat_server.is_ready = False
        for _ in range(4):
            with connect(f"ws://127.0.0.1:{port}/ws") as socket:
                socket.send('{"id":0,"text":"hi"}')
                assert socket.recv(SECONDS)
        assert (len(one.source.questions), len(other.source.questions)) == (0, 4)


@pytest.mark.ci
def test_heartbeats_hold_a_silent_socket_open_in_nginx(tmp_path: Path) -> None:
    """It cuts what says nothing for a while: by default for three of the server's pings."""
    settings = QUICK._replace(heartbeat_seconds=0.2)
    script = {"hi": [threading.Event()]}.__getitem__
    with (
        running(script, settings=settings) as server,
        nginx(tmp_path, [server.port] * 2, http="proxy_read_timeout 1s;") as (port, _),
        connect(f"ws://127.0.0.1:{port}/ws", ping_interval=None) as socket,
    ):
        socket.send(send("request-0123456789ab"))
        began = time.monotonic()
        while time.monotonic() - began < 3:
            socket.recv(SECONDS)
