"""``scripts/picture``: the README's picture of the chat page."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "chat-page.png"
SIZE = {"width": 1280, "height": 800}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUESTIONS = ("What is Lex Streaming?", "How do I switch streaming off?")


def main() -> int:
    """Take the picture; return the exit status."""
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        sys.stderr.write("scripts/picture: there is no Chromium here\n")
        return 1
    with _stack() as origin, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type]
        page.goto(origin)
        for number, question in enumerate(QUESTIONS):
            _ask(page, question, number)
        page.screenshot(path=PICTURE)
        browser.close()
    return 0


@contextmanager
def _stack() -> Iterator[str]:
    """Run the stack; yields its address."""
    command = [sys.executable, "-m", "websocket_stack.local", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            address = re.search(r"http://\S+", process.stdout.readline())
            assert address, "the stack did not start"
            yield address[0]
        finally:
            process.terminate()


def _ask(page: Page, question: str, number: int) -> None:
    page.locator("#status", has_text="open").wait_for()
    page.locator("#question").fill(question)
    page.keyboard.press("Enter")
    page.locator('.bot[data-state="final"]').nth(number).wait_for()
    page.locator("#inspector .invocation").wait_for()


if __name__ == "__main__":
    sys.exit(main())
