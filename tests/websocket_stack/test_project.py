"""The project's files, as a clone has them; tests/test_package.py looks at the installed ones."""

from __future__ import annotations

from websocket_stack import project


def test_a_clone_has_documents_templates_and_scripts() -> None:
    assert project.IS_CLONE
    assert (project.FOLDER / "docs/tutorial.md").is_file()
    assert (project.TEMPLATES / "lex-streaming.yaml").is_file()
    assert (project.FOLDER / project.command("serve")).is_file()
