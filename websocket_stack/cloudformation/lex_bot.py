"""A Lex V2 bot for the fulfillment Lambda, if wanted, and which bot aliases may call the Lambda."""

from __future__ import annotations

import hashlib
import json
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
    FulfillmentCodeHookSetting,
    Intent,
    LambdaCodeHook,
    Message,
    MessageGroup,
    PlainTextMessage,
    PostFulfillmentStatusSpecification,
    ResponseSpecification,
    SampleUtterance,
    TestBotAliasSettings,
    VoiceSettings,
)

from fulfillment.notices import Notices
from websocket_stack.cloudformation.lambda_functions import permissions_boundary, trust_policy
from websocket_stack.cloudformation.parameters import choice, is_given, is_true, switch, text

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
SESSION_SECONDS = 1800


def parameters() -> list[Parameter]:
    """Return the parameters that choose a bot."""
    return [
        switch("CreateBot", "Make a bot that answers with this Lambda.", default=False),
        choice(
            "BotLocaleId",
            "The locale of that bot; it stays what it was made with.",
            LOCALES,
            LOCALES[0],
        ),
        text(
            "BotAliasArn",
            "A bot alias of yours that may call this Lambda:"
            " arn:aws:lex:REGION:ACCOUNT:bot-alias/BOTID/ALIASID.",
            AllowedPattern="|arn:[^:]+:lex:[^:]+:[0-9]{12}:bot-alias/[0-9A-Z]+/[0-9A-Z]+",
        ),
    ]


def add(template: Template, function: Alias) -> None:
    """Add the bot, and permission for its aliases, or an existing alias, to call the Lambda."""
    template.add_condition(CREATED, is_true("CreateBot"))
    _add_voices(template)
    template.add_condition(EXISTING, And(is_given("BotAliasArn"), Not(Condition(CREATED))))
    bot = template.add_resource(_bot(_add_role(template), function))
    # A version is a snapshot, so another definition needs another version.
    definition = hashlib.sha256(json.dumps(bot.to_dict(), sort_keys=True).encode())
    version = template.add_resource(
        BotVersion(
            f"BotVersion{definition.hexdigest()[:12]}",
            Condition=CREATED,
            BotId=Ref(bot),
            BotVersionLocaleSpecification=[
                BotVersionLocaleSpecification(
                    LocaleId=Ref("BotLocaleId"),
                    BotVersionLocaleDetails=BotVersionLocaleDetails(SourceBotVersion="DRAFT"),
                )
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
            BotAliasLocaleSettings=[_answers_with(function)],
        )
    )
    test_alias = Sub(
        "arn:${AWS::Partition}:lex:${AWS::Region}:${AWS::AccountId}"
        f":bot-alias/${{Bot}}/{TEST_ALIAS_ID}"
    )
    _allow(template, "AllowLiveBotAlias", function, GetAtt(alias, "Arn"), CREATED)
    _allow(template, "AllowTestBotAlias", function, test_alias, CREATED)
    _allow(template, "AllowExistingBotAlias", function, Ref("BotAliasArn"), EXISTING)
    for name, value in {
        "BotId": Ref(bot),
        "BotAliasId": GetAtt(alias, "BotAliasId"),
        "BotLocaleId": Ref("BotLocaleId"),
    }.items():
        template.add_output(Output(name, Value=value, Condition=CREATED, Description="For clients"))


def _bot(role: iam.Role, function: Alias) -> Bot:
    return Bot(
        "Bot",
        Condition=CREATED,
        Name=Sub("${AWS::StackName}-bot"),
        RoleArn=GetAtt(role, "Arn"),
        DataPrivacy=DataPrivacy(ChildDirected=False),
        IdleSessionTTLInSeconds=SESSION_SECONDS,
        AutoBuildBotLocales=True,
        BotLocales=[
            BotLocale(
                LocaleId=Ref("BotLocaleId"),
                NluConfidenceThreshold=0.4,
                VoiceSettings=VoiceSettings(VoiceId=_voice(), Engine="standard"),
                Intents=_intents(),
            )
        ],
        TestBotAliasSettings=TestBotAliasSettings(BotAliasLocaleSettings=[_answers_with(function)]),
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


def _intents() -> list[Intent]:
    return [
        # A bot does not build without an intent that has an utterance.
        Intent(
            Name="Greeting",
            SampleUtterances=[SampleUtterance(Utterance="Hello")],
            FulfillmentCodeHook=_fulfillment_hook(),
        ),
        Intent(
            Name="FallbackIntent",
            ParentIntentSignature="AMAZON.FallbackIntent",
            FulfillmentCodeHook=_fulfillment_hook(),
        ),
    ]


def _fulfillment_hook() -> FulfillmentCodeHookSetting:
    # Without these, users see an exception or nothing at all when the Lambda fails.
    sentence = ResponseSpecification(
        MessageGroupsList=[
            MessageGroup(Message=Message(PlainTextMessage=PlainTextMessage(Value=Notices().failed)))
        ]
    )
    return FulfillmentCodeHookSetting(
        Enabled=True,
        IsActive=True,
        PostFulfillmentStatusSpecification=PostFulfillmentStatusSpecification(
            FailureResponse=sentence, TimeoutResponse=sentence
        ),
    )


def _answers_with(function: Alias) -> BotAliasLocaleSettingsItem:
    return BotAliasLocaleSettingsItem(
        LocaleId=Ref("BotLocaleId"),
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
