"""AWS's public layer of Powertools, which an emulator on this machine cannot get from AWS.

https://docs.aws.amazon.com/powertools/python/latest/getting-started/install/
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ministack.services import lambda_svc

NAME = ":017000801446:layer:AWSLambdaPowertoolsPythonV3-"


def install() -> None:
    own = lambda_svc._resolve_layer_zip

    def resolve(attachment: Any) -> bytes | None:
        arn = attachment if isinstance(attachment, str) else attachment.get("Arn", "")
        if NAME in arn:
            return Path(os.environ["LOCAL_POWERTOOLS_LAYER"]).read_bytes()
        found: bytes | None = own(attachment)
        return found

    lambda_svc._resolve_layer_zip = resolve
