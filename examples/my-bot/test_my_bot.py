"""Tests the bot: no AWS, no network, some milliseconds each."""

from my_bot import bot

from fulfillment.testing import ToolCall, run


def test_an_order_is_tracked() -> None:
    result = run(bot, "where is it?", intent="TrackOrder", slots={"OrderId": "a-17"})
    assert result.chunks[0] == "Looking up your order…\n\n"
    assert result.reply.endswith("Order **A-17** is in Hamburg.")


def test_an_unknown_order_is_asked_for_again() -> None:
    result = run(
        bot, "it is Z-9", intent="TrackOrder", slots={"OrderId": "Z-9"}, hook="DialogCodeHook"
    )
    assert result.response["sessionState"]["dialogAction"]["slotToElicit"] == "OrderId"


def test_the_model_looks_up_an_order() -> None:
    call = ToolCall("call-1", "order_status", {"order_id": "B-2"})
    result = run(bot, "Is B-2 on its way?", model=[call, "Not yet, it is being packed."])
    assert result.tool_results[0].text == "being packed"
    assert result.reply == "Not yet, it is being packed."
