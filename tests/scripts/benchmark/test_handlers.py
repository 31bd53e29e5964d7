"""Handlers of other revisions."""

from __future__ import annotations

import pytest

from scripts.benchmark import handlers
from scripts.benchmark.handlers import ROOT, Handler, NoRevision

pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no git checkout")


def test_revision_has_a_folder_of_its_own() -> None:
    with handlers.revision("HEAD") as handler:
        assert (handler.folder / "fulfillment/handler.py").exists()
        assert not handler.folder.is_relative_to(ROOT)
    assert not handler.folder.exists()


def test_unknown_revision_is_named() -> None:
    with pytest.raises(NoRevision, match="no-such-revision"), handlers.revision("no-such-revision"):
        pass


def test_session_is_one_that_lex_allows() -> None:
    assert Handler("main~10 /x", "m").session_id == "benchmark-main-10--x"
