"""The docs' commands are taken by the scripts, their intents understood, their links good."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import botocore.session
import jmespath
import pytest
from botocore import xform_name

from scripts.benchmark import __main__ as bench
from tests.documents import (
    DOCUMENTS,
    READER,
    ROOT,
    Document,
    blocks_of,
    commands_in,
    lex_bots,
    tutorial_command,
)
from tests.snippets import write_tutorial
from websocket_stack.__main__ import VERBS
from websocket_stack.deployment import options as deploy
from websocket_stack.deployment import parameter_values, template_files
from websocket_stack.deployment.build import options as build
from websocket_stack.deployment.build.called_functions import check
from websocket_stack.deployment.build.source_files import files_in
from websocket_stack.lex_bot.description import SLOT
from websocket_stack.lex_bot.reading import parse, read
from websocket_stack.local import options as serve
from websocket_stack.local.demo_model.passages import Library
from websocket_stack.local.lex.utterances import Understanding
from websocket_stack.new import options as new
from websocket_stack.server import options as chat_server
from websocket_stack.smoke import options as smoke


@pytest.fixture
def builders_folder(tmp_path: Path) -> Path:
    """The folder that the tutorial has a newcomer make, next to a clone."""
    folder = tmp_path / "my-bot"
    folder.mkdir()
    (tmp_path / "lex-streaming").mkdir()
    write_tutorial(folder)
    return folder


def check_serve(arguments: Sequence[str], folder: Path) -> None:
    options = serve.argument_parser().parse_args(arguments)
    is_newcomers = (folder / "my_bot.py").exists()
    here = folder if is_newcomers else ROOT
    if options.bot:
        module, _, _ = options.bot.partition(":")
        assert (here / f"{module.replace('.', '/')}.py").exists()
    if options.intents:
        assert read(here / options.intents)


def check_chat_server(arguments: Sequence[str], folder: Path) -> None:
    chat_server.argument_parser().parse_args(arguments)


def place_of(path: Path, folder: Path) -> Path:
    """Return where a path of a command leads that is run in a folder, or in this repository."""
    return (ROOT if path.parts[:1] == ("examples",) else folder) / path


def check_deploy(arguments: Sequence[str], folder: Path) -> None:
    options = deploy.argument_parser().parse_args(arguments)
    values = parameter_values.parse(options.set)
    code = [place_of(path, folder) for path in options.code]
    if options.intents:
        check(read(place_of(options.intents, folder)), code)
    template = template_files.read(options.template or "lex-streaming")
    parameter_values.check(template, values, previous={})
    for path in code:
        (module, _) = values["Handler"].split(".")
        assert f"{module}.py" in files_in(path)


def check_new(arguments: Sequence[str], folder: Path) -> None:
    # It is run in the folder that the page has one make, too.
    assert new.argument_parser().parse_args(arguments).folder.name in ("my-bot", "")


def check_smoke(arguments: Sequence[str], folder: Path) -> None:
    smoke.argument_parser().parse_args(arguments)


def check_bench(arguments: Sequence[str], folder: Path) -> None:
    bench.argument_parser().parse_args(arguments)


def check_build(arguments: Sequence[str], folder: Path) -> None:
    options = build.argument_parser().parse_args(arguments)
    assert all((folder / path).is_dir() for path in options.code)
    if options.intents:
        check(read(place_of(options.intents, folder)), [folder])
    if options.lex_archive:
        assert read(place_of(options.lex_archive, folder))


def check_no_arguments(arguments: Sequence[str], folder: Path) -> None:
    assert not arguments


SCRIPTS = {
    "serve": check_serve,
    "chat-server": check_chat_server,
    "deploy": check_deploy,
    "smoke": check_smoke,
    "bench": check_bench,
    "build": check_build,
    "new": check_new,
    "test": check_no_arguments,
    "check": check_no_arguments,
    "templates": check_no_arguments,
}


def script_of(command: Sequence[str]) -> str | None:
    """Return the script's name, if a command calls one of this repository or the package."""
    if command[0] == "lex-streaming":
        assert command[1] in VERBS
        return command[1]
    if not (found := re.fullmatch(r"(?:(?:\.\./)?lex-streaming/)?scripts/([\w-]+)", command[0])):
        return None
    assert (ROOT / "scripts" / found[1]).exists()
    return found[1]


def said_in_examples() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "examples").glob("*.py")):
        for line in re.findall(r"^ +(scripts/.+)$", path.read_text("utf-8"), re.MULTILINE):
            yield path.name, line


COMMANDS = [
    pytest.param(command, id=f"{where}:{' '.join(command[:4])}")
    for where, shell in [*((str(b), b.text) for b in blocks_of("sh")), *said_in_examples()]
    for command in commands_in(shell)
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one_that_its_script_takes(command: list[str], builders_folder: Path) -> None:
    script = script_of(command)
    if script is None:
        OTHERS[Path(command[0]).name](command)
        return
    is_installed = command[0] == "lex-streaming"
    is_newcomers = is_installed or command[0].startswith("..")
    here = builders_folder if is_newcomers else builders_folder.parent / "lex-streaming"
    SCRIPTS[script](command[2:] if is_installed else command[1:], here)


@pytest.mark.parametrize("path", READER)
def test_a_command_in_a_sentence_is_one_too(path: str, tmp_path: Path) -> None:
    for code in Document(path).inline_code:
        if re.match(r"([A-Z_]+=\S+ )?scripts/\w+", code):
            (command,) = commands_in(code)
            script = script_of(command)
            assert script
            if command[1:]:
                SCRIPTS[script](command[1:], tmp_path)


def check_clone(command: Sequence[str]) -> None:
    """What is cloned is this repository, or what the document links to, at the tag of its links."""
    if command[-1] == "lex-streaming":
        return
    *_, tag, address = command
    assert command == ["git", "clone", "--depth", "1", "--branch", tag, address]
    assert f"{address}/blob/{tag}/" in Document("docs/lex-web-ui.md").text


def check_pytest(command: Sequence[str]) -> None:
    """What runs a newcomer's tests is run above."""
    assert command == tutorial_command("A test")


def check_aws(command: Sequence[str]) -> None:
    """The AWS CLI has the operation, and the query can be read."""
    service, operation = command[1:3]
    operations = botocore.session.get_session().get_service_model(service).operation_names
    assert operation in {xform_name(each, "-") for each in operations}
    if "--query" in command:
        jmespath.compile(command[command.index("--query") + 1])


def check_docker(command: Sequence[str]) -> None:
    """What is built or run is here; tests/test_chat_server_containers.py reads it."""
    if command[1] == "run":
        check_chat_server(command[command.index("chat-server") + 1 :], ROOT)
    else:
        assert (ROOT / command[command.index("-f") + 1]).exists()


def check_nothing(command: Sequence[str]) -> None:
    """What any builder has; tests/test_package.py does it."""


OTHERS = {
    "aws": check_aws,
    "docker": check_docker,
    "git": check_clone,
    "python": check_pytest,
    **dict.fromkeys(("mkdir", "pip", "pytest", "python3", "source"), check_nothing),
}


# --- intents and links


@pytest.mark.parametrize("page", lex_bots())
def test_intents_are_understood(page: str) -> None:
    for locale in parse(lex_bots()[page], page).locales.values():
        understanding = Understanding(locale)
        for name, intent in locale.intents.items():
            for utterance in intent.utterances:
                text = SLOT.sub("big", utterance)
                understood = understanding.understand(f"{text[0].upper()}{text[1:]}?")
                assert understood and understood.intent == name
                for slot in SLOT.findall(utterance):
                    value = understood.slots[slot]
                    assert value and understanding.filled(name, slot, value)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_what_a_document_links_to_is_there(path: str) -> None:
    for link in Document(path).links:
        if re.match(r"https?://", link):
            continue
        target, _, anchor = link.partition("#")
        file = (ROOT / path).parent / target if target else ROOT / path
        assert file.exists(), link
        if anchor:
            linked = Document(file.resolve().relative_to(ROOT).as_posix())
            assert anchor in linked.anchors, link


def test_the_demo_model_has_an_answer_to_every_suggested_question() -> None:
    page = (ROOT / "websocket_stack/local/chat_page/static/index.html").read_text("utf-8")
    suggested = re.findall(r'<li><button type="button">(.*?)</button></li>', page)
    library = Library.of_project(ROOT)
    assert len(suggested) >= 3
    for question in suggested:
        assert library.find(question), question
