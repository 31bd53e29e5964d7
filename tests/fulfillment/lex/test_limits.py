from __future__ import annotations

from typing import Any

import botocore.session

from fulfillment.lex import limits


def test_the_limits_are_those_of_lexs_own_model() -> None:
    model = botocore.session.get_session().get_service_model("lexv2-runtime")

    def most(shape: str, member: str | None = None) -> int:
        found: Any = model.shape_for(shape)
        return int((found.members[member] if member else found).metadata["max"])

    assert limits.MAX_MESSAGES == most("Messages")
    assert limits.MAX_BUTTONS == most("ImageResponseCard", "buttons")
    for member in ("title", "subtitle", "imageUrl"):
        assert limits.MAX_CARD_CHARACTERS == most("ImageResponseCard", member)
    for member in ("text", "value"):
        assert limits.MAX_BUTTON_CHARACTERS == most("Button", member)
