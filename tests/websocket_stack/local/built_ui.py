"""A folder like the dist folder of a built Lex Web UI, a few bytes large."""

from __future__ import annotations

from pathlib import Path

INDEX = """\
<!DOCTYPE html>
<html>
  <head>
    <meta http-equiv="Content-Security-Policy"
      content="default-src 'self'; script-src 'self' 'unsafe-eval';
        connect-src 'self' wss://*.amazonaws.com;
        upgrade-insecure-requests;">
    <title>LexWebUi</title>
  </head>
  <body>
    <header>Grüße</header>
    <script src="./lex-web-ui-loader.min.js"></script>
  </body>
</html>
"""


def write(folder: Path, version: str = "0.24.1") -> Path:
    """Write the folder, as of a version of the UI, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(INDEX, "utf-8")
    (folder / "lex-web-ui.min.js").write_text(f"/*!\n * lex-web-ui v{version}\n */\nx=1", "utf-8")
    (folder / "lex-web-ui-loader.min.js").write_text("/*! loader */", "utf-8")
    return folder
