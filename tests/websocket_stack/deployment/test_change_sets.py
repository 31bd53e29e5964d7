"""Change sets: what would change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.websocket_stack.deployment.cloudformation_fakes import (
    NESTED_TYPE,
    STACK_ID,
    FakeChangeSets,
    changed,
    complete,
    failed,
    refusal,
)
from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment.change_sets import ChangeRequest, ChangeSet, ChangeSets
from websocket_stack.deployment.template_files import DeclaredResource

PENDING = {"Status": "CREATE_IN_PROGRESS"}
NOTHING = failed("The submitted information didn't contain changes. Submit different information.")


NESTED = {
    "Support": [
        DeclaredResource("Api", "AWS::ApiGatewayV2::Api", is_conditional=False),
        DeclaredResource("Alarm", "AWS::CloudWatch::Alarm", is_conditional=True),
    ]
}


def request(*, nested: bool = False) -> ChangeRequest:
    return ChangeRequest("lex", "UPDATE", {"TemplateBody": "…"}, [], NESTED if nested else {})


def create(client: Any, *, nested: bool = False, say: Callable[[str], None] = print) -> Any:
    return ChangeSets(client, lambda seconds: None, "7").create(request(nested=nested), say)


def test_changes_are_told_in_words() -> None:
    client = FakeChangeSets(
        [
            PENDING,
            complete(
                changed("Add", "A"),
                changed("Modify", "B", Replacement="False"),
                changed("Modify", "C", Replacement="True"),
                changed("Modify", "D", Replacement="Conditional"),
                changed("Remove", "E"),
                changed("Remove", "F", PolicyAction="Retain"),
            ),
        ]
    )
    change_set = create(client)

    assert [(each.logical_id, each.replacement) for each in change_set.changes] == [
        ("A", "new"),
        ("B", "changed in place"),
        ("C", "replaced"),
        ("D", "maybe replaced"),
        ("E", "deleted"),
        ("F", "leaves the stack, is kept"),
    ]
    assert change_set.stack_id == STACK_ID
    assert client.requests[0]["Capabilities"] == [
        "CAPABILITY_IAM",
        "CAPABILITY_NAMED_IAM",
        "CAPABILITY_AUTO_EXPAND",
    ]
    assert client.requests[0]["IncludeNestedStacks"] is False


def test_changes_come_in_pages() -> None:
    first = complete(changed("Add", "A")) | {"NextToken": "2"}
    client = FakeChangeSets([complete(), first, complete(changed("Add", "B"))])

    assert [each.logical_id for each in create(client).changes] == ["A", "B"]


def test_no_change_leaves_no_change_set() -> None:
    client = FakeChangeSets([NOTHING])

    assert create(client) is None
    assert len(client.deleted) == 1


def test_no_change_may_be_refused_at_once() -> None:
    class Refusing(FakeChangeSets):
        def create_change_set(self, **request: Any) -> dict[str, str]:
            raise refusal("No updates are to be performed.")

    assert create(Refusing()) is None


def test_a_refused_change_says_why() -> None:
    client = FakeChangeSets([failed("Parameter Name must match [a-z]+")])

    with pytest.raises(CommandFailed, match="refuses the change: Parameter Name must match"):
        create(client)
    assert len(client.deleted) == 1


def test_nested_changes_follow_their_stack() -> None:
    client = FakeChangeSets(
        [complete(changed("Modify", "Support", NESTED_TYPE, ChangeSetId="inner"))],
        nested={"inner": complete(changed("Add", "Api"))},
    )
    change_set = create(client, nested=True)

    assert [each.logical_id for each in change_set.changes] == ["Support", "Support/Api"]
    assert client.requests[0]["IncludeNestedStacks"] is True


def test_a_new_nested_stack_without_a_list_is_listed_from_its_template() -> None:
    client = FakeChangeSets([complete(changed("Add", "Support", NESTED_TYPE), changed("Add", "A"))])

    assert [tuple(each)[1:] for each in create(client, nested=True).changes][:3] == [
        ("Support", NESTED_TYPE, "new"),
        ("Support/Api", "AWS::ApiGatewayV2::Api", "new"),
        ("Support/Alarm", "AWS::CloudWatch::Alarm", "new, if its condition holds"),
    ]


def test_unchanged_nested_stacks_are_no_change() -> None:
    client = FakeChangeSets(
        [complete(changed("Modify", "Support", NESTED_TYPE, ChangeSetId="inner"))],
        nested={"inner": NOTHING},
    )

    assert create(client, nested=True) is None
    assert len(client.deleted) == 1


def test_a_failed_nested_change_set_is_made_flat() -> None:
    inner = "arn:aws:cloudformation:r:1:changeSet/inner/2"
    client = FakeChangeSets(
        [failed(f"Nested change set {inner} was not successfully created: Currently in FAILED.")],
        [complete(changed("Modify", "Support", NESTED_TYPE))],
        nested={inner: failed("Parameter WebSocketId must match |[a-z0-9]+")},
    )
    lines: list[str] = []
    change_set = create(client, nested=True, say=lines.append)

    assert [each.logical_id for each in change_set.changes] == ["Support"]
    assert [each["IncludeNestedStacks"] for each in client.requests] == [True, False]
    assert len({each["ChangeSetName"] for each in client.requests}) == 2
    assert "Parameter WebSocketId must match" in lines[0]


@pytest.mark.parametrize(("kind", "deleted"), [("CREATE", [STACK_ID]), ("UPDATE", [])])
def test_a_discarded_change_set_leaves_no_stack(kind: Any, deleted: list[str]) -> None:
    client = FakeChangeSets()
    ChangeSets(client, lambda seconds: None, "7").discard(ChangeSet("c", STACK_ID, []), kind)

    assert client.deleted == ["c"]
    assert client.deleted_stacks == deleted


def test_a_change_of_outputs_alone_is_a_change() -> None:
    client = FakeChangeSets([complete()])

    assert create(client).changes == []
    assert client.deleted == []


EARLY = failed(
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]."
)


class EarlyValidation(FakeChangeSets):
    """Tells what it found, if one may ask, as long as the change set is there."""

    def __init__(self, *events: dict[str, str], error: Exception | None = None) -> None:
        super().__init__([EARLY])
        self._events = events
        self._error = error

    def describe_events(self, ChangeSetName: str, Filters: Any) -> dict[str, Any]:
        assert ChangeSetName not in self.deleted
        if self._error:
            raise self._error
        return {"OperationEvents": self._events}


def test_what_early_validation_found_is_told() -> None:
    reason = "Resource of type 'AWS::DynamoDB::Table' with identifier 's' already exists."
    event = {"ValidationPath": "/Resources/Table", "ValidationStatusReason": reason}
    with pytest.raises(CommandFailed, match="the change: /Resources/Table: Resource of type"):
        create(EarlyValidation(event, {"LogicalResourceId": "Other"}))


def test_who_may_not_ask_hears_what_there_is() -> None:
    with pytest.raises(CommandFailed, match="EarlyValidation::ResourceExistenceCheck"):
        create(EarlyValidation(error=refusal("", "AccessDenied")))


def test_a_refused_new_stack_leaves_nothing() -> None:
    client = FakeChangeSets([failed("no")])
    with pytest.raises(CommandFailed):
        ChangeSets(client, lambda seconds: None, "7").create(
            replace(request(), kind="CREATE"), print
        )
    assert client.deleted_stacks == [STACK_ID]


def test_an_interrupt_leaves_nothing() -> None:
    client = FakeChangeSets([PENDING])

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ChangeSets(client, interrupt, "7").create(request(), print)
    assert len(client.deleted) == 1


def test_tags_and_role_are_passed_on() -> None:
    client = FakeChangeSets([complete(changed("Add", "A"))])
    role = "arn:aws:iam::123456789012:role/deployer"
    asked = replace(request(), tags={"team": "bots"}, role_arn=role)
    ChangeSets(client, lambda seconds: None, "7").create(asked, print)
    assert client.requests[0]["Tags"] == [{"Key": "team", "Value": "bots"}]
    assert client.requests[0]["RoleARN"] == role
