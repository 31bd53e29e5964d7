"""The docs' code blocks are executed, their commands and links checked.

Python runs and does what its section says, utterances are understood, commands are taken by the
scripts; CSS is tested in a browser (``browser/test_lex_web_ui.py``).
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.request import urlopen

import pytest

from documents import DOCUMENTS, READER, ROOT, Block, Document, commands_in
from fulfillment.bot import Bot
from fulfillment.clients import Resources
from fulfillment.lex import limits
from fulfillment.models import tool_loop as calls
from fulfillment.settings import Settings
from fulfillment.testing import Result, ScriptedModel, ToolCall, run
from fulfillment.tools import toolbox
from stack_fixture import client, running_stack, session
from websocket_stack.deployment import __main__ as deploy
from websocket_stack.deployment import parameter_values, template_files
from websocket_stack.deployment.build.source_files import files_in
from websocket_stack.local import __main__ as serve
from websocket_stack.local.bedrock import agent_routes
from websocket_stack.local.demo_model.model import DemoModel
from websocket_stack.local.demo_model.passages import Library
from websocket_stack.local.lex.utterances import Understanding
from websocket_stack.smoke import __main__ as smoke

GUIDE = "docs/writing-a-bot.md"


def blocks_of(language: str, *documents: str) -> list[Block]:
    return [
        block
        for document in documents or DOCUMENTS
        for block in Document(document).blocks
        if block.language == language
    ]


# --- blocks

LANGUAGES = {"python", "sh", "text", "css"}
"""Those that something below executes."""


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_block_is_in_a_language_that_is_executed_here(path):
    document = Document(path)
    for block in document.blocks:
        assert block.language in LANGUAGES, str(block)
    # None is missed.
    assert len(re.findall(r"^ *(```|~~~)", document.text, re.MULTILINE)) == 2 * len(document.blocks)


# --- Python


def test_the_bot_in_the_readme_answers(load_event):
    code = blocks_of("python", "README.md")[0].text
    made = {}
    exec(
        compile(code.replace("Bot()", "Bot(resources=resources)"), "README.md", "exec"),
        made_in(made),
    )
    event = load_event("console_test_window")
    event["sessionState"]["intent"] = {
        "name": "TrackOrder",
        "slots": {"OrderId": {"value": {"interpretedValue": "A-17"}}},
    }
    response = made["lambda_handler"](event, None)
    assert response["messages"][0]["content"] == (
        "Looking up your order…\n\nOrder **A-17** is on its way."
    )


def made_in(namespace):
    namespace["resources"] = Resources(Settings(), ScriptedModel())
    return namespace


def test_the_documented_boto3_client_gets_a_reply(capsys):
    with running_stack() as origin:
        (code,) = (block.text for block in blocks_of("python", "docs/local-stack.md"))
        exec(compile(code.replace("http://127.0.0.1:8000", origin), "local-stack.md", "exec"), {})
    assert capsys.readouterr().out.strip()


@pytest.fixture
def knowledge_base(monkeypatch) -> Iterator[None]:
    """Knowledge bases that boto3 finds by the environment; they hold the project's own docs."""
    demo = DemoModel(Library.of_project(ROOT), tokens_per_second=5000)
    with running_stack(model_routes=agent_routes.routes(demo)) as origin:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", origin)
        yield


def test_all_python_is_executed():
    documents = {"README.md", GUIDE, "docs/local-stack.md"}
    assert {block.document for block in blocks_of("python")} == documents


def test_the_python_of_the_guide_runs_and_does_what_it_says(knowledge_base, monkeypatch):
    blocks = blocks_of("python", GUIDE)
    assert {block.heading for block in blocks} == set(CHECKS)
    # What its tests import from.
    module = ModuleType("my_bot")
    monkeypatch.setitem(sys.modules, "my_bot", module)
    for heading, of_section in groupby(blocks, lambda block: block.heading):
        for block in of_section:
            execute(block, module)
        CHECKS[heading](module)


def execute(block: Block, module: ModuleType) -> None:
    """Run a block in a module, and the tests that it has."""
    before = set(vars(module))
    # A traceback shows its lines.
    code = compile("\n" * (block.line - 1) + block.text, ROOT / block.document, "exec")
    exec(code, vars(module))
    for name in set(vars(module)) - before:
        if name.startswith("test_"):
            getattr(module, name)()


def check_ten_lines(made: Any) -> None:
    result = run(made.bot, "where is it?", intent="TrackOrder", slots={"OrderId": "A-17"})
    assert result.reply == "Looking up your order…\n\nOrder **A-17** is on its way."
    (prompt,) = run(made.bot, "Do you have lamps?", model="Two.").prompts
    assert (prompt.system, prompt.messages[-1].text) == (
        "You help the customers of a furniture shop. Be brief.",
        "Do you have lamps?",
    )
    result = run(made.bot, "And?", intent="Summary", model="Both are on their way.")
    assert result.chunks == ("Reading your orders…\n\n", "Both are on their way.")
    assert "['A-17', 'B-2']" in result.prompts[0].messages[-1].text
    for function in (lambda turn: "One.", lambda turn: ["One", "."], lambda turn: iter(["One."])):
        bot = Bot()
        bot.fallback(function)
        assert run(bot, "And?").reply == "One."


def check_testing(made: Any) -> None:
    further: dict[str, Any] = {
        "session_attributes": {"seen": "lamps"},
        "locale": "de_DE",
        "remaining_ms": 20_000,
    }
    assert run(made.bot, "Haben Sie Lampen?", model="Ja.", **further).reply == "Ja."
    assert run(made.bot, "Track!", intent="TrackOrder", hook="DialogCodeHook").action == "Delegate"


def check_asking_back(made: Any) -> None:
    def booking(guests: str | None, **further: Any) -> Result:
        return run(made.bot, "Book!", intent="BookTable", slots={"Guests": guests}, **further)

    def dialog(guests: str | None, **further: Any) -> tuple[str, str]:
        result = booking(guests, hook="DialogCodeHook", **further)
        return result.action, result.reply

    assert dialog(None) == ("Delegate", "")
    assert dialog("14") == ("ElicitSlot", "We seat twelve at most. For how many shall it be?")
    assert dialog("4") == ("ConfirmIntent", "A table for 4, is that right?")
    assert dialog("4", confirmation="Confirmed") == ("Delegate", "")
    assert booking("4").reply == "Your table for 4 is booked."


def check_beside_the_reply(made: Any) -> None:
    result = run(made.bot, "Lamps?", intent="Lamps")
    assert result.messages == ["We have two lamps.", "Both are on sale."]
    (card,) = result.cards
    assert card["title"] == "Which one?"
    assert [button["value"] for button in card["buttons"]] == ["small lamp", "both lamps"]
    assert result.session_attributes == {"seen": "lamps"}


def check_tools(made: Any) -> None:
    call = ToolCall("call-1", "order_status", {"order_id": "A-17"})
    result = run(made.assistant, "Where is A-17?", model=[call, "It was shipped."])
    assert result.reply == "Looking up A-17…\n\nIt was shipped."
    assert result.tool_results[0].text == '{"order": "A-17", "status": "shipped"}'


def check_memory(made: Any) -> None:
    first = run(made.remembering, "I am Ada.", model="Hello Ada.")
    attributes = first.session_attributes
    assert list(made.kept) == [attributes["conversationId"]]
    second = run(made.remembering, "Who am I?", model="Ada.", session_attributes=attributes)
    assert [message.text for message in second.prompts[0].messages] == [
        "I am Ada.",
        "Hello Ada.",
        "Who am I?",
    ]


def check_the_model(made: Any) -> None:
    result = run(made.bot, "How does a turn work?", intent="HelpArticles", model=made.documents)
    assert "The Lambda reads the event and starts two threads" in result.reply
    assert re.search(r"Sources.*1\. .*how-it-works\.md", result.reply, re.DOTALL)


def check_around_all_functions(made: Any) -> None:
    assert run(made.bot, "Lamps?", intent="Lamps").reply == "Please sign in first."
    member = run(made.bot, "Lamps?", intent="Lamps", session_attributes={"member": "yes"})
    assert member.messages[0] == "We have two lamps."


def check_when_something_fails(made: Any) -> None:
    @made.bilingual.fallback
    def broken(turn):
        raise ZeroDivisionError

    def sentence(locale: str) -> str:
        return run(made.bilingual, "Hello?", locale=locale, raise_errors=False).reply

    assert sentence("de_AT") == "Das hat leider nicht geklappt. Bitte noch einmal."
    assert sentence("en_US").startswith("Sorry")


CHECKS: Mapping[str, Callable[[Any], None]] = {
    "Ten lines": check_ten_lines,
    "Testing it": check_testing,
    "Asking back": check_asking_back,
    "Beside the reply": check_beside_the_reply,
    "Tools": check_tools,
    "Memory": check_memory,
    "The model": check_the_model,
    "Around all functions": check_around_all_functions,
    "When something fails": check_when_something_fails,
}
"""What the sections of the guide say of their bots; each is done when its blocks have run."""


# --- the guide, from an empty folder on


@pytest.fixture
def builders_folder(tmp_path, monkeypatch) -> Path:
    """The folder that the guide has a newcomer make, beside a clone; tests run in it."""
    folder = tmp_path / "my-bot"
    folder.mkdir()
    (tmp_path / "lex-streaming").mkdir()

    def written_under(heading: str, language: str) -> str:
        blocks = blocks_of(language, GUIDE)
        return "\n\n".join(block.text for block in blocks if block.heading == heading)

    (folder / "my_bot.py").write_text(written_under("Ten lines", "python"), "utf-8")
    (folder / "my_bot.utterances").write_text(written_under("On your machine", "text"), "utf-8")
    (folder / "test_my_bot.py").write_text(written_under("Testing it", "python"), "utf-8")
    monkeypatch.chdir(folder)
    return folder


def guide_command(heading: str) -> list[str]:
    (block,) = [block for block in blocks_of("sh", GUIDE) if block.heading == heading]
    (command,) = commands_in(block.text)
    return command


@contextmanager
def served(arguments: Sequence[str]) -> Iterator[str]:
    """Start the local stack as ``scripts/serve`` does; yields its origin once it is healthy."""
    options = serve.argument_parser().parse_args(arguments)
    utterances = options.utterances and options.utterances.read_text("utf-8")
    understanding = Understanding(utterances) if utterances else None
    with running_stack(bot=options.bot, understanding=understanding) as origin:
        yield origin


def say(origin: str, text: str) -> str:
    with closing(client("lexv2-runtime", origin)) as lex:
        reply: str = lex.recognize_text(**session("reader"), text=text)["messages"][0]["content"]
    return reply


def test_a_newcomers_bot_is_served_and_loaded_anew_when_it_changes(builders_folder, monkeypatch):
    monkeypatch.syspath_prepend(builders_folder)
    _, *arguments = guide_command("On your machine")
    with served(arguments) as origin:
        assert say(origin, "Where is my order?") == "What is your order's number?"
        assert say(origin, "A-17") == "Looking up your order…\n\nOrder **A-17** is on its way."
        source = builders_folder / "my_bot.py"
        source.write_text(source.read_text("utf-8").replace("on its way", "almost there"), "utf-8")
        assert "Order **A-17** is almost there." in say(origin, "Track order A-17.")


def test_a_newcomers_tests_pass(builders_folder):
    python, *arguments = guide_command("Testing it")
    assert python.endswith(".venv/bin/python")
    ran = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
    assert "2 passed" in ran.stdout


# --- commands


def check_serve(arguments: Sequence[str], folder: Path) -> None:
    options = serve.argument_parser().parse_args(arguments)
    # The guide's own is served above.
    if options.bot and options.bot.startswith("examples."):
        with served(arguments) as origin, urlopen(f"{origin}/health") as response:
            assert response.status == 200


def check_deploy(arguments: Sequence[str], folder: Path) -> None:
    options = deploy.argument_parser().parse_args(arguments)
    values = parameter_values.parse(options.set)
    template = template_files.read(options.template or "lex-streaming")
    parameter_values.check(template, values, previous={})
    for code in options.code:
        (module, _) = values["Handler"].split(".")
        assert f"{module}.py" in files_in(folder / code)


def check_smoke(arguments: Sequence[str], folder: Path) -> None:
    smoke.argument_parser().parse_args(arguments)


def check_bench(arguments: Sequence[str], folder: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "scripts.benchmark", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    for option in filter(lambda word: word.startswith("--"), arguments):
        assert option in ran.stdout


def check_no_arguments(arguments: Sequence[str], folder: Path) -> None:
    assert not arguments


SCRIPTS = {
    "serve": check_serve,
    "deploy": check_deploy,
    "smoke": check_smoke,
    "bench": check_bench,
    "build": check_no_arguments,
    "test": check_no_arguments,
    "check": check_no_arguments,
    "templates": check_no_arguments,
}


def script_of(command: Sequence[str]) -> str | None:
    """Return the script's name, if a command calls one of this repository."""
    if not (found := re.fullmatch(r"(?:(?:\.\./)?lex-streaming/)?scripts/(\w+)", command[0])):
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
def test_a_command_is_one_that_its_script_takes(command, builders_folder, monkeypatch):
    script = script_of(command)
    if script is None:
        OTHERS[Path(command[0]).name](command)
        return
    monkeypatch.chdir(ROOT)
    is_newcomers = command[0].startswith("..")
    here = builders_folder if is_newcomers else builders_folder.parent / "lex-streaming"
    SCRIPTS[script](command[1:], here)


@pytest.mark.parametrize("path", READER)
def test_a_command_in_a_sentence_is_one_too(path, tmp_path):
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
    assert command == guide_command("Testing it")


OTHERS = {"git": check_clone, "python": check_pytest}


# --- utterances and CSS


@pytest.mark.parametrize("block", blocks_of("text"), ids=str)
def test_sample_utterances_are_understood(block):
    understanding = Understanding(block.text)
    intent, checked = "", 0
    for line in block.text.splitlines():
        if named := re.fullmatch(r"\[(\w+)\]", line):
            intent = named[1]
        elif prompt := re.fullmatch(r"\{(\w+)\}: (.+)", line):
            assert understanding.prompts_of(intent)[prompt[1]] == prompt[2]
        elif line and not line.startswith("#"):
            said = re.sub(r"\{\w+\}", "A-17", line)
            understood = understanding.understand(f"{said[0].upper()}{said[1:]}?")
            assert understood and understood.intent == intent
            for slot in re.findall(r"\{(\w+)\}", line):
                assert understood.slots[slot] == "A-17"
            checked += 1
    assert checked


# --- links and names


@pytest.mark.parametrize("path", DOCUMENTS)
def test_what_a_document_links_to_is_there(path):
    for link in Document(path).links:
        if re.match(r"https?://", link):
            continue
        target, _, anchor = link.partition("#")
        file = (ROOT / path).parent / target if target else ROOT / path
        assert file.exists(), link
        if anchor:
            linked = Document(file.resolve().relative_to(ROOT).as_posix())
            assert anchor in linked.anchors, link


def test_turns_and_results_have_what_the_guide_says():
    bot = Bot()
    turns = []
    bot.fallback(turns.append)
    things = {"turn": turns, "result": [run(bot, "Hello?")]}
    named = [
        found
        for text in [*Document(GUIDE).inline_code, *(b.text for b in blocks_of("python", GUIDE))]
        for found in re.findall(r"\b(turn|result)\.(\w+)", text)
    ]
    assert len(set(named)) > 20
    for thing, name in named:
        assert hasattr(things[thing][0], name), f"{thing}.{name}"


@pytest.mark.parametrize(
    ("sentence", "limit"),
    [
        ("eight at most. A card's title", limits.MAX_ADDED_MESSAGES == 8),
        ("title has 250 characters at most", limits.MAX_CARD_CHARACTERS == 250),
        ("it has five buttons", limits.MAX_BUTTONS == 5),
        ("five buttons of 50", limits.MAX_BUTTON_CHARACTERS == 50),
        ("when five seconds of the turn remain", calls.RESERVED_SECONDS == 5),
        ("more than 20,000 characters", toolbox.MAX_RESULT_CHARACTERS == 20_000),
        ("After eight rounds", calls.MAX_TOOL_ROUNDS == 8),
    ],
)
def test_limits_are_those_that_the_guide_says(sentence, limit):
    assert sentence in " ".join(Document(GUIDE).text.split())
    assert limit


def test_the_demo_model_has_an_answer_to_every_suggested_question():
    page = (ROOT / "websocket_stack/local/chat_page/static/index.html").read_text("utf-8")
    suggested = re.findall(r'<li><button type="button">(.*?)</button></li>', page)
    library = Library.of_project(ROOT)
    assert len(suggested) >= 3
    for question in suggested:
        assert library.find(question), question
