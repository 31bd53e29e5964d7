"""A builder's bot, whole: its intents become the Lex bot, and its packages are in the Lambda."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.deployed.deployed_lex import DeployedFunction, deployed_locales
from tests.wheels import wheel
from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.build.called_functions import check
from websocket_stack.lex_bot.reading import read
from websocket_stack.local.lex.service import LexRuntime
from websocket_stack.local.lex.sessions import SessionKey

pytestmark = pytest.mark.deployed
EXAMPLES = Path(__file__).parents[2] / "examples"
ALONE = ("--template", "fulfillment")
LAMPS = """\
locales:
  en_US:
    intents:
      Price:
        utterances:
          - what is the price
          - how much is a {Size} lamp
        slots:
          Size: {type: Sizes, prompt: Which size}
    slot_types:
      Sizes: {restricted: true, values: {small: [little], large: [big]}}
"""
GERMAN = """\
  de_DE:
    intents:
      Price:
        utterances: [was kostet eine Lampe]
"""
SHOP = """\
import prices
from fulfillment import Bot

bot = Bot()
lambda_handler = bot.lambda_handler


@bot.intent("Price")
def price(turn):
    yield f"A {turn.slot('Size') or 'lamp'}: {prices.ANSWER}."
"""


class Conversation:
    """Speaks to the bot of a stack as one user, through its alias ``live``."""

    def __init__(self, aws: Any, stack: Any, locale: str = "en_US") -> None:
        nested = aws.resources(stack.name).get("FulfillmentStack", stack.name)
        template = aws.cloudformation.get_template(StackName=nested)["TemplateBody"]
        self._lex = LexRuntime(DeployedFunction(aws.session), deployed_locales(template))
        self._key = SessionKey(
            stack.outputs["BotId"], stack.outputs["BotAliasId"], locale, "conversation-1"
        )

    def say(self, text: str) -> str:
        turn = asyncio.run(self._lex.recognize_text(self._key, {"text": text}))
        return str(turn["messages"][0]["content"])


def bot_version(aws: Any, stack: Any) -> str:
    (version,) = [name for name in aws.resources(stack.name) if name.startswith("BotVersion")]
    return str(version)


@pytest.fixture
def shop(tmp_path: Path) -> Any:
    """A builder's folder, whose function imports a package of its own."""
    wheel(tmp_path / "wheels", "prices")
    (tmp_path / "requirements.txt").write_text("--no-index\n--find-links wheels\nprices\n")
    (tmp_path / ".lambdaignore").write_text("wheels/\n")
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "shop.yaml").write_text(LAMPS)
    return tmp_path


def options(shop: Path) -> list[str]:
    handler = "Handler=shop.lambda_handler"
    return ["--code", str(shop), "--set", handler, "--intents", str(shop / "shop.yaml")]


def test_an_example_from_its_folder(
    aws: Any, stack_name: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES)
    stack = aws.deployed(
        stack_name,
        *("--code", "order_tracking.py", "--set", "Handler=order_tracking.lambda_handler"),
        *("--intents", "order_tracking.yaml"),
    )
    user = Conversation(aws, stack)
    assert user.say("Where is my order?") == "What is your order's number?"
    assert user.say("X-1") == "There is no such order. Order numbers look like A-17."
    assert "**A-17** is in Hamburg" in user.say("A-17")


def test_its_own_packages_and_slot_types(aws: Any, stack_name: Any, shop: Any) -> None:
    stack = aws.deployed(stack_name, *ALONE, *options(shop))
    user = Conversation(aws, stack)
    assert user.say("What is the price?") == "Which size"
    assert user.say("enormous") == "Which size"
    assert user.say("big") == "A large: 42."


def test_another_description_is_another_version_behind_the_same_alias(
    aws: Any, stack_name: Any, shop: Any
) -> None:
    before = aws.deployed(stack_name, *ALONE, *options(shop))
    version = bot_version(aws, before)
    # What else is changed leaves the bot as it is.
    later = aws.deployed(stack_name, "--set", "RememberConversations=false")
    assert bot_version(aws, later) == version
    assert Conversation(aws, later).say("how much is a little lamp") == "A small: 42."

    (shop / "shop.yaml").write_text(LAMPS + GERMAN)
    after = aws.deployed(stack_name, *options(shop))
    assert bot_version(aws, after) != version
    same = ("BotId", "BotAliasId", "BotLocaleId")
    assert [after.outputs[name] for name in same] == [before.outputs[name] for name in same]
    assert after.outputs["BotLocaleIds"] == "en_US,de_DE"
    assert Conversation(aws, after, "de_DE").say("Was kostet eine Lampe?") == "A lamp: 42."


@pytest.mark.parametrize(
    ("file", "name"), [("shop.yaml", "Price:"), ("shop.py", '"Price"')], ids=["file", "function"]
)
def test_a_misspelt_intent_is_refused(
    aws: Any, stack_name: Any, shop: Any, file: Any, name: Any
) -> None:
    path = shop / file
    path.write_text(path.read_text().replace(name, name.replace("c", "z")))
    with pytest.raises(CommandFailed, match="there is no intent"):
        check(read(shop / "shop.yaml"), [shop])
    status, _ = aws.deploy(stack_name, *ALONE, *options(shop))
    assert (status, aws.stack(stack_name)) == (1, None)
