"""``scripts/bench``: this package and the plain loop that people write today, side by side."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple, Protocol

from scripts.benchmark import cold, quota, tasks, warm
from scripts.benchmark.chat_server.measure import Crowd as Clients
from scripts.benchmark.chat_server.report import tables as chat_server_tables
from scripts.benchmark.handlers import LEX_STREAMING, PLAIN_LOOP, Handler, NoRevision, revision
from scripts.benchmark.model import Pace
from scripts.benchmark.scale.crowd import Crowd
from scripts.benchmark.scale.report import PostsReport, QuotasReport
from scripts.benchmark.tables import Table

IMPORTS = 7
# What a small hosted model takes until its first word.
WARM_FIRST_TOKEN_SECONDS = 0.3
COLD_FIRST_TOKEN_SECONDS = 0.5
SCALE_FIRST_TOKEN_SECONDS = 0.6


class Preset(NamedTuple):
    """What is measured unless options say otherwise."""

    rates: Sequence[float]
    post_ms: Sequence[float]
    tokens: int
    turns: int


# 270 tokens are about 200 words.
WARM = Preset(rates=(50, 80, 200), post_ms=(20, 40), tokens=270, turns=3)
COLD = Preset(rates=(50,), post_ms=(20,), tokens=60, turns=7)
# The turn of docs/costs.md: 350 tokens, five seconds.
SCALE = Preset(rates=(80,), post_ms=(20,), tokens=350, turns=1)
TASKS = Preset(rates=(50,), post_ms=(20, 40), tokens=500, turns=3)
CHAT_SERVER = Preset(rates=(50,), post_ms=(), tokens=300, turns=3)


class Report(Protocol):
    """What is printed under one heading."""

    def lines(self) -> Iterator[str]:
        """Yield it as lines of text."""
        ...

    def to_json(self) -> Mapping[str, object]:
        """Return it as what JSON can hold."""
        ...


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _options(arguments)
    with ExitStack() as stack:
        handlers = [LEX_STREAMING, PLAIN_LOOP]
        if options.against:
            try:
                handlers.append(stack.enter_context(revision(options.against)))
            except NoRevision as exc:
                sys.exit(f"bench: {exc}")
        reports = []
        for report in _reports(options, handlers):
            reports.append(report.to_json())
            if not options.json:
                print(*report.lines(), "", sep="\n", flush=True)
        if options.json:
            print(json.dumps(reports, indent=2))


def _reports(options: argparse.Namespace, handlers: Sequence[Handler]) -> Iterator[Report]:
    if options.door == "chat-server":
        return _chat_server(options)
    if options.door == "tasks":
        return _tasks(options)
    if options.scale:
        return _scale(options)
    return _cold(options, handlers) if options.cold else _warm(options, handlers)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argument_parser()
    options = parser.parse_args(arguments)
    preset = SCALE if options.scale else COLD if options.cold else WARM
    preset = {"chat-server": CHAT_SERVER, "tasks": TASKS}.get(options.door, preset)
    if options.quick:
        preset = preset._replace(rates=(50,), post_ms=(20,), turns=3)
    parser.set_defaults(**preset._asdict())
    return parser.parse_args(arguments)


def argument_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure this package and the plain loop of one post a chunk, in alternation."
        " Figures are medians (least-most); the first column is compared with each other one by"
        " ratio and difference.",
    )
    parser.add_argument("--against", metavar="REV", help="measure fulfillment/ at a revision too")
    parser.add_argument("--quick", action="store_true", help="one rate, one latency, three turns")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--rates", type=float, nargs="+", help="tokens a second")
    parser.add_argument("--post-ms", type=float, nargs="+", help="post latencies")
    parser.add_argument("--tokens", type=int, help="length of a reply")
    parser.add_argument("--turns", type=int, help="of each handler (3; cold: 7)")
    parser.add_argument(
        "--memory", action="store_true", help="with a conversation table, which the loop lacks"
    )
    parser.add_argument(
        "--plot", type=Path, help="draw what a reader sees at the first rate and latency (SVG)"
    )
    _add_chat_server(parser)
    group = parser.add_argument_group("cold turns")
    group.add_argument(
        "--cold",
        action="store_true",
        help="measure a fresh process's first turn, on a share of a core as in Lambda",
    )
    group.add_argument(
        "--share", type=float, default=0.57, help="of a core (0.57, as with 1,000 MB)"
    )
    group.add_argument(
        "--quota-from",
        choices=("start", "invoke"),
        default="invoke",
        help="whether initialisation is limited too; Lambda's is not",
    )
    group = parser.add_argument_group("many people")
    group.add_argument(
        "--scale",
        action="store_true",
        help="simulate many people under AWS's default quotas, see docs/scaling.md",
    )
    group.add_argument(
        "--people",
        type=int,
        nargs="+",
        default=(100, 1_000, 10_000, 100_000),
        help="how many are in conversation",
    )
    group.add_argument(
        "--question-seconds", type=float, default=60, help="from one of a person to the next (60)"
    )
    group.add_argument(
        "--flush-interval", type=float, default=0.2, help="FLUSH_INTERVAL_SECONDS (0.2)"
    )
    return parser


def _add_chat_server(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("other doors")
    group.add_argument(
        "--door",
        choices=("lex", "tasks", "chat-server"),
        default="lex",
        help="tasks: socket tasks, and a plain worker that posts each chunk; chat-server: that"
        " server and a plain one that sends each chunk",
    )
    group.add_argument("--clients", type=int, default=500, help="how many ask at once (500)")
    group.add_argument(
        "--silent-sockets", type=int, default=2_000, help="whose memory is measured (2000)"
    )
    group.add_argument("--spread", type=float, default=1.0, help="seconds over which they ask (1)")


def _warm(options: argparse.Namespace, handlers: Sequence[Handler]) -> Iterator[Table]:
    _progress("imports")
    yield Table("Imports in fresh processes", warm.imports(handlers, IMPORTS))
    plot = options.plot
    for pace in _paces(options, WARM_FIRST_TOKEN_SECONDS):
        title = f"Warm turns: {_text(pace)}"
        _progress(title)
        turns = warm.run(handlers, pace, options.tokens, options.turns, memory=options.memory)
        yield Table(title, {name: list(map(warm.figures, run)) for name, run in turns.items()})
        if plot:
            # matplotlib takes its time, and need not be there.
            from scripts.benchmark.plot import draw

            draw({name: run[0] for name, run in turns.items()}, pace, plot)
            plot = None


def _cold(options: argparse.Namespace, handlers: Sequence[Handler]) -> Iterator[Table]:
    with closing(quota.available(options.share)) as share:
        setup = cold.Lambda(share, options.quota_from, options.memory)
        for pace in _paces(options, COLD_FIRST_TOKEN_SECONDS):
            title = f"Cold turns: {_text(pace)}; from the {options.quota_from}, {share.description}"
            _progress(title)
            yield Table(title, cold.run(handlers, setup, pace, options.tokens, options.turns))


def _scale(options: argparse.Namespace) -> Iterator[Report]:
    for pace in _paces(options, SCALE_FIRST_TOKEN_SECONDS):
        crowds = [
            Crowd(people, pace, options.question_seconds, options.tokens, options.flush_interval)
            for people in options.people
        ]
        _progress(f"Many people: {_text(pace)}")
        yield QuotasReport(crowds)
        yield PostsReport(crowds)


def _chat_server(options: argparse.Namespace) -> Iterator[Table]:
    for rate in options.rates:
        clients = Clients(options.clients, options.tokens, rate, options.spread)
        yield from chat_server_tables(clients, options.turns, options.silent_sockets, _progress)


def _tasks(options: argparse.Namespace) -> Iterator[Table]:
    for pace in _paces(options, WARM_FIRST_TOKEN_SECONDS):
        title = f"Socket tasks: {_text(pace)}"
        _progress(title)
        workers = (tasks.SOCKET_TASKS, tasks.PLAIN_LOOP)
        yield Table(title, tasks.run(workers, pace, options.tokens, options.turns))


def _paces(options: argparse.Namespace, first_token_seconds: float) -> Iterator[Pace]:
    for rate in options.rates:
        for post_ms in options.post_ms:
            yield Pace(rate, post_ms / 1000, first_token_seconds)


def _text(pace: Pace) -> str:
    return f"{pace.tokens_per_second:g} tokens a second, posts of {pace.post_seconds * 1000:g} ms"


def _progress(text: str) -> None:
    print(f"{text} …", file=sys.stderr)


if __name__ == "__main__":
    main()
