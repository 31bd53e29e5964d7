"""What README says is run, or compared with what there is."""

from __future__ import annotations

import re
from pathlib import Path

from fakes import FakeModel
from fulfillment.bot import Bot
from fulfillment.resources import Resources
from fulfillment.settings import Settings
from stack_fixture import running_stack
from websocket_stack.local.passages import Library

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_bot_in_the_readme_answers(load_event):
    code = python_blocks()[0]
    made = {}
    exec(compile(code.replace("Bot()", "Bot(resources)"), "README.md", "exec"), made_in(made))
    event = load_event("console_test_window")
    event["sessionState"]["intent"] = {
        "name": "TrackOrder",
        "slots": {"OrderId": {"value": {"interpretedValue": "A-17"}}},
    }
    response = made["lambda_handler"](event, None)
    assert response["messages"][0]["content"] == (
        "Looking up your order…\n\nOrder **A-17** is on its way."
    )


def python_blocks():
    return re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_boto3_client_in_the_readme_gets_a_reply(capsys):
    with running_stack() as origin:
        code = python_blocks()[1].replace("http://127.0.0.1:8000", origin)
        exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.strip()


def made_in(namespace):
    namespace["resources"] = Resources(Settings(), FakeModel())
    return namespace


def test_every_setting_is_in_the_readme():
    source = (ROOT / "fulfillment/settings.py").read_text("utf-8")
    names = set(re.findall(r'read\.\w+\(\s*"([A-Z_]+)"', source))
    assert names
    for name in names:
        assert f"`{name}`" in README


def test_files_that_the_readme_links_to_exist():
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", README):
        assert (ROOT / target).exists(), target


def test_the_bot_class_is_documented_with_what_it_is_called():
    assert Bot.__doc__ and "lambda_handler" in Bot.__doc__


def test_the_demo_model_has_an_answer_to_every_suggested_question():
    page = (ROOT / "websocket_stack/local/page/index.html").read_text("utf-8")
    suggested = re.findall(r'<li><button type="button">(.*?)</button></li>', page)
    library = Library.of_project(ROOT)
    assert len(suggested) >= 3
    for question in suggested:
        assert library.find(question), question
