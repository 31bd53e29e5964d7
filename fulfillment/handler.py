"""The fulfillment Lambda as deployed: the smallest bot, which asks the model everything."""

from __future__ import annotations

from fulfillment.bot import Bot

bot = Bot()

lambda_handler = bot.lambda_handler
