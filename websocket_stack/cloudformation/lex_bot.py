"""A Lex V2 bot for the fulfillment Lambda, if wanted, and which bot aliases may call the Lambda."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from troposphere import (
    And,
    Condition,
    Equals,
    GetAtt,
    If,
    Not,
    Output,
    Parameter,
    Ref,
    Sub,
    Template,
    iam,
)
from troposphere.awslambda import Alias, Permission
from troposphere.lex import (
    Bot,
    BotAlias,
    BotAliasLocaleSettings,
    BotAliasLocaleSettingsItem,
    BotLocale,
    BotVersion,
    BotVersionLocaleDetails,
    BotVersionLocaleSpecification,
    CodeHookSpecification,
    DataPrivacy,
    LambdaCodeHook,
    TestBotAliasSettings,
)

from websocket_stack.cloudformation.bot_locales import bot_locale
from websocket_stack.cloudformation.lambda_functions import permissions_boundary, trust_policy
from websocket_stack.cloudformation.parameters import choice, is_given, is_true, switch, text
from websocket_stack.lex_bot.description import BotDescription, Intent, Locale

CREATED = "CreatesBot"
EXISTING = "HasBotAlias"
# The locales offered for this bot; a bot of your own can have any.
# Each with a standard voice, which Amazon Polly has in every Region that Lex is in.
# https://docs.aws.amazon.com/polly/latest/dg/available-voices.html
VOICES = {
    "en_US": "Joanna",
    "en_GB": "Amy",
    "de_DE": "Vicki",
    "es_ES": "Lucia",
    "fr_FR": "Lea",
    "it_IT": "Bianca",
    "ja_JP": "Takumi",
    "pt_BR": "Camila",
}
LOCALES = list(VOICES)
# The console's test window uses an alias that every bot has.
# https://docs.aws.amazon.com/lexv2/latest/APIReference/API_BotAliasSummary.html
TEST_ALIAS_ID = "TSTALIASID"
# What the bot understands that nobody has described. A bot does not build without an intent that
# has an utterance.
PLAIN = Locale(intents={"Greeting": Intent(utterances=["Hello"], dialog_hook=False)})


def parameters(described: BotDescription | None = None) -> list[Parameter]:
    """Return the parameters that choose a bot.

    Args:
        described: a bot of the builder's, which has locales of its own.
    """
    locale = choice(
        "BotLocaleId",
        "The locale of that bot; it stays what it was made with.",
        LOCALES,
        LOCALES[0],
    )
    return [
        switch("CreateBot", "Make a bot that answers with this Lambda.", default=False),
        *([] if described else [locale]),
        text(
            "BotAliasArn",
            "A bot alias of yours that may call this Lambda:"
            " arn:aws:lex:REGION:ACCOUNT:bot-alias/BOTID/ALIASID.",
            AllowedPattern="|arn:[^:]+:lex:[^:]+:[0-9]{12}:bot-alias/[0-9A-Z]+/[0-9A-Z]+",
        ),
    ]


def add(template: Template, function: Alias, described: BotDescription | None = None) -> None:
    """Add the bot, and permission for its aliases, or an existing alias, to call the Lambda.

    Args:
        template: the template.
        function: the Lambda's alias.
        described: the bot; by default one that greets, in the locale of the parameter.
    """
    template.add_condition(CREATED, is_true("CreateBot"))
    template.add_condition(EXISTING, And(is_given("BotAliasArn"), Not(Condition(CREATED))))
    if described is None:
        _add_voices(template)
        locales = [bot_locale(Ref("BotLocaleId"), PLAIN, _voice())]
    else:
        locales = [bot_locale(name, each) for name, each in described.locales.items()]
    locale_ids = [each.LocaleId for each in locales]
    bot = template.add_resource(
        _bot(_add_role(template), function, locales, described or BotDescription.model_construct())
    )
    # A version is a snapshot, so another definition needs another version.
    definition = hashlib.sha256(json.dumps(bot.to_dict(), sort_keys=True).encode())
    version = template.add_resource(
        BotVersion(
            f"BotVersion{definition.hexdigest()[:12]}",
            Condition=CREATED,
            BotId=Ref(bot),
            BotVersionLocaleSpecification=[
                BotVersionLocaleSpecification(
                    LocaleId=locale,
                    BotVersionLocaleDetails=BotVersionLocaleDetails(SourceBotVersion="DRAFT"),
                )
                for locale in locale_ids
            ],
        )
    )
    alias = template.add_resource(
        BotAlias(
            "LiveBotAlias",
            Condition=CREATED,
            BotId=Ref(bot),
            BotAliasName="live",
            BotVersion=GetAtt(version, "BotVersion"),
            BotAliasLocaleSettings=[_answers_with(function, locale) for locale in locale_ids],
        )
    )
    _allow_aliases(template, function, alias)
    _add_outputs(template, bot, alias, locale_ids)


def _allow_aliases(template: Template, function: Alias, alias: BotAlias) -> None:
    test_alias = Sub(
        "arn:${AWS::Partition}:lex:${AWS::Region}:${AWS::AccountId}"
        f":bot-alias/${{Bot}}/{TEST_ALIAS_ID}"
    )
    _allow(template, "AllowLiveBotAlias", function, GetAtt(alias, "Arn"), CREATED)
    _allow(template, "AllowTestBotAlias", function, test_alias, CREATED)
    _allow(template, "AllowExistingBotAlias", function, Ref("BotAliasArn"), EXISTING)


def _add_outputs(template: Template, bot: Bot, alias: BotAlias, locale_ids: list[Any]) -> None:
    outputs = {
        "BotId": Ref(bot),
        "BotAliasId": GetAtt(alias, "BotAliasId"),
        "BotLocaleId": locale_ids[0],
    }
    if len(locale_ids) > 1:
        # As Lex Web UI takes them, which then has a menu of them.
        outputs["BotLocaleIds"] = ",".join(locale_ids)
    for name, value in outputs.items():
        template.add_output(Output(name, Value=value, Condition=CREATED, Description="For clients"))


def _bot(
    role: iam.Role,
    function: Alias,
    locales: Sequence[BotLocale],
    described: BotDescription,
) -> Bot:
    optional: dict[str, Any] = {}
    if described.description:
        optional["Description"] = described.description
    return Bot(
        "Bot",
        Condition=CREATED,
        Name=Sub("${AWS::StackName}-bot"),
        RoleArn=GetAtt(role, "Arn"),
        DataPrivacy=DataPrivacy(ChildDirected=described.child_directed),
        IdleSessionTTLInSeconds=described.idle_session_seconds,
        AutoBuildBotLocales=True,
        BotLocales=locales,
        TestBotAliasSettings=TestBotAliasSettings(
            BotAliasLocaleSettings=[_answers_with(function, each.LocaleId) for each in locales]
        ),
        **optional,
    )


def _add_voices(template: Template) -> None:
    # No mapping: its keys have no underscores, and locales do.
    for locale in LOCALES[1:]:
        template.add_condition(_speaks(locale), Equals(Ref("BotLocaleId"), locale))


def _voice() -> If | str:
    """Return the voice of the bot's locale."""
    voice: If | str = VOICES[LOCALES[0]]
    for locale in LOCALES[1:]:
        voice = If(_speaks(locale), VOICES[locale], voice)
    return voice


def _speaks(locale: str) -> str:
    return f"Speaks{locale.replace('_', '').capitalize()}"


def _add_role(template: Template) -> iam.Role:
    return template.add_resource(
        iam.Role(
            "BotRole",
            Condition=CREATED,
            PermissionsBoundary=permissions_boundary(),
            AssumeRolePolicyDocument=trust_policy(
                "lexv2.amazonaws.com",
                StringEquals={"aws:SourceAccount": Ref("AWS::AccountId")},
            ),
            # For voice alone; text needs no permission.
            Policies=[
                iam.Policy(
                    PolicyName="speak",
                    PolicyDocument={
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Sid": "Speak",
                                "Effect": "Allow",
                                "Action": "polly:SynthesizeSpeech",
                                "Resource": "*",
                            }
                        ],
                    },
                )
            ],
        )
    )


def _answers_with(function: Alias, locale: Any) -> BotAliasLocaleSettingsItem:
    return BotAliasLocaleSettingsItem(
        LocaleId=locale,
        BotAliasLocaleSetting=BotAliasLocaleSettings(
            Enabled=True,
            CodeHookSpecification=CodeHookSpecification(
                LambdaCodeHook=LambdaCodeHook(
                    LambdaArn=Ref(function), CodeHookInterfaceVersion="1.0"
                )
            ),
        ),
    )


def _allow(template: Template, title: str, function: Alias, caller: Any, condition: str) -> None:
    template.add_resource(
        Permission(
            title,
            Condition=condition,
            FunctionName=Ref(function),
            Action="lambda:InvokeFunction",
            Principal="lexv2.amazonaws.com",
            SourceAccount=Ref("AWS::AccountId"),
            SourceArn=caller,
        )
    )
