"""``scripts/bench``: this package beside the plain loop that people write today."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import measure
from measure import HANDLERS, THREE_CLIENTS

TOKENS = 270  # about 200 words
RATES = (40.0, 80.0, 200.0)
POST_MS = (10.0, 40.0, 100.0)
PLOTTED = (80.0, 40.0)


def main() -> None:
    """Measure and print."""
    options = _options()
    environ = os.environ | {"TURN_SECONDS": "30"}
    imports = _imports(environ)
    rows, plotted = [], {}
    for rate in options.rates:
        for post_ms in options.post_ms:
            turns = {}
            with measure.services(options.tokens, rate, post_ms / 1000) as origin:
                for name, module in HANDLERS.items():
                    print(f"{rate:g} tokens/s, {post_ms:g} ms: {name} …", file=sys.stderr)
                    turns[name] = measure.turn(origin, module, environ)
            rows.append(_row(rate, post_ms, turns))
            if (rate, post_ms) == PLOTTED:
                plotted = turns
    if options.json:
        print(json.dumps({"imports": imports, "turns": rows}, indent=2))
    else:
        _print(imports, rows)
    if options.plot:
        import plot

        plot.draw(plotted, PLOTTED, options.plot)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--tokens", type=int, default=TOKENS, help="length of the reply")
    parser.add_argument("--rates", type=float, nargs="+", default=RATES, help="tokens a second")
    parser.add_argument("--post-ms", type=float, nargs="+", default=POST_MS, help="post latencies")
    parser.add_argument("--plot", type=Path, help="draw what a reader sees at 80/s and 40 ms (SVG)")
    return parser.parse_args()


def _imports(environ: dict[str, str]) -> dict[str, float]:
    environ = environ | {
        # As in Lambda, where the clients are made at import.
        "AWS_LAMBDA_FUNCTION_NAME": "fulfillment",
        "AWS_DEFAULT_REGION": "us-east-1",
        "STREAMING_ENDPOINT": "https://abc123.execute-api.us-east-1.amazonaws.com/Prod",
        "SESSION_TABLE": "sessions",
    }
    ours = measure.import_seconds("import fulfillment.handler", environ)
    boto3 = measure.import_seconds(THREE_CLIENTS, environ)
    return {"ours_ms": ours * 1000, "boto3_ms": boto3 * 1000, "ratio": ours / boto3}


def _row(rate: float, post_ms: float, turns: dict[str, measure.Turn]) -> dict[str, Any]:
    ours, plain = (turns[name].numbers for name in HANDLERS)
    return {
        "tokens_per_second": rate,
        "post_ms": post_ms,
        **{
            name: {"ours": ours[name], "plain": plain[name], "ratio": ours[name] / plain[name]}
            for name in ours
        },
    }


def _print(imports: dict[str, float], rows: list[dict[str, Any]]) -> None:
    print(
        f"import: {imports['ours_ms']:.0f} ms; boto3 with the same three clients"
        f" {imports['boto3_ms']:.0f} ms; ratio {imports['ratio']:.2f}\n"
    )
    print(f"{'ours / plain loop':<40}" + "".join(f"{'ratio':>10}{'ours':>10}{'plain':>10}"))
    for row in rows:
        print(f"\n{row['tokens_per_second']:g} tokens a second, posts of {row['post_ms']:g} ms")
        for name, values in row.items():
            if isinstance(values, dict):
                print(
                    f"  {name:<38}{values['ratio']:>10.3f}"
                    f"{values['ours']:>10.1f}{values['plain']:>10.1f}"
                )


if __name__ == "__main__":
    main()
