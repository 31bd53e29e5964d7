"""Nested stacks: where their templates are read from, and what their resources are known by.

MiniStack 1.5 knows a bucket by a URL's path alone, and forgets the attributes of a resource that
does not change while its nested stack does.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ministack.services import cloudformation
from ministack.services.cloudformation import helpers, provisioners


def install() -> None:
    own_resolve = helpers._resolve_document
    own_update = provisioners._update_resource

    def resolve(params: Any, body_key: str, url_key: str, label: str) -> Any:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
        url = urlsplit(helpers._p(params, url_key))
        bucket, _, rest = (url.hostname or "").partition(".s3.")
        if rest:
            params = {**params, url_key: [f"{url.scheme}://{rest}/{bucket}{url.path}"]}
        return own_resolve(params, body_key, url_key, label)

    def update(  # noqa: PLR0913
        resource_type: str,
        physical_id: str,
        old: Any,
        new: Any,
        stack_name: str,
        logical_id: str | None = None,
        attributes: Any = None,
    ) -> Any:
        if attributes is None:
            resources = cloudformation._stacks.get(stack_name, {}).get("_resources", {})
            attributes = resources.get(logical_id, {}).get("Attributes")
        return own_update(resource_type, physical_id, old, new, stack_name, logical_id, attributes)

    helpers._resolve_document = resolve
    provisioners._update_resource = update
