"""The S3 bucket that code and templates are deployed from, and one stack's objects in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from websocket_stack.aws_errors import error_code
from websocket_stack.command_line import CommandFailed
from websocket_stack.deployment import template_files

MADE_BY = {"Key": "made-by", "Value": "lex-streaming scripts/deploy"}
# The most objects of one delete_objects call.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
MAX_DELETED = 1000
# Of the partitions that have one of their own, by the first part of their Regions' names.
# https://docs.aws.amazon.com/general/latest/gr/s3.html
SUFFIXES = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}
# A key is part of a Lambda version's description, so templates/fulfillment.yaml limits its length.
MAX_NAME_LENGTH = 64


def default_name(account: str, region: str) -> str:
    """Return the name of the bucket that is used unless another is chosen."""
    return f"lex-streaming-{account}-{region}"


def domain_suffix(region: str) -> str:
    """Return the domain of a Region's services."""
    return SUFFIXES.get(region.partition("-")[0], "amazonaws.com")


def _shorten(stack_name: str) -> str:
    """Return a stack's name, a long one cut and with a hash, so that keys fit in 128 characters."""
    if len(stack_name) <= MAX_NAME_LENGTH:
        return stack_name
    suffix = hashlib.sha256(stack_name.encode()).hexdigest()[:16]
    return f"{stack_name[: MAX_NAME_LENGTH - len(suffix) - 1]}-{suffix}"


class ArtifactBucket:
    """The bucket, as one stack uses it.

    The default name follows from the account's number, so anybody could have taken it before; every
    call therefore names the account that has to own the bucket.

    Args:
        client: an ``s3`` client.
        name: the bucket's name.
        account: the account that has to own it.
        region: the region that it has to be in.
        stack_name: the stack whose objects are uploaded and deleted.
    """

    def __init__(
        self, client: Any, name: str, *, account: str, region: str, stack_name: str
    ) -> None:
        self._client = client
        self._owner = {"Bucket": name, "ExpectedBucketOwner": account}
        self._region = region
        self._prefix = f"lex-streaming/{_shorten(stack_name)}/"
        self.name = name

    def exists(self) -> bool:
        """Return whether the bucket exists.

        Raises:
            CommandFailed: it does, but in another account or region.
        """
        try:
            response = self._client.head_bucket(**self._owner)
        except ClientError as exc:
            status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status == 404:
                return False
            raise CommandFailed(self._unusable(status, error_code(exc))) from exc
        region = response.get("BucketRegion") or self._region
        if region != self._region:
            raise CommandFailed(self._elsewhere())
        return True

    def _unusable(self, status: int | None, code: str) -> str:
        if status == 301:
            return self._elsewhere()
        if status == 403:
            return f"bucket {self.name} is another account's, or closed to you; choose a --bucket"
        return f"bucket {self.name}: {code}"

    def _elsewhere(self) -> str:
        return f"bucket {self.name} is in another region than {self._region}; choose a --bucket"

    def make(self) -> None:
        """Make the bucket: encrypted, closed to the public, and tagged as made by this command."""
        options: dict[str, Any] = {"Bucket": self.name}
        if self._region != "us-east-1":
            options["CreateBucketConfiguration"] = {"LocationConstraint": self._region}
        self._client.create_bucket(**options)
        self._client.put_bucket_tagging(**self._owner, Tagging={"TagSet": [MADE_BY]})
        self._client.put_public_access_block(
            **self._owner,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
        self._client.put_bucket_encryption(
            **self._owner,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        )

    def put_code(self, path: Path, say: Callable[[str], None]) -> str:
        """Upload the Lambda's zip unless the bucket has it; return its key."""
        content = path.read_bytes()
        key = f"{self._prefix}code/{hashlib.sha256(content).hexdigest()[:32]}.zip"
        self._put(key, content, say)
        return key

    def put_templates(self, paths: Sequence[Path], say: Callable[[str], None]) -> str:
        """Upload templates unless the bucket has them; return their prefix, without a slash."""
        prefix = f"{self._prefix}templates/{template_files.digest(paths)}"
        for path in paths:
            self._put(f"{prefix}/{path.name}", path.read_bytes(), say)
        return prefix

    def url(self, key: str) -> str:
        """Return the address at which CloudFormation reads an object."""
        return f"https://{self.name}.s3.{self._region}.{domain_suffix(self._region)}/{key}"

    def _put(self, key: str, content: bytes, say: Callable[[str], None]) -> None:
        # The key has a hash of the content, so an object of that key is the same.
        if self._has(key):
            return
        say(f"uploading {key} ({len(content) / 1024:,.0f} KB)")
        self._client.put_object(**self._owner, Key=key, Body=content)

    def _has(self, key: str) -> bool:
        try:
            self._client.head_object(**self._owner, Key=key)
        except ClientError as exc:
            # For a missing object S3 returns 403 to callers who may not list the bucket.
            if exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in (403, 404):
                return False
            raise
        return True

    # --- removal

    def keys(self) -> list[str]:
        """Return the keys of the stack's objects."""
        return sorted({key for key, _ in self._versions(self._prefix)})

    def made_here(self) -> bool:
        """Return whether scripts/deploy made the bucket."""
        try:
            tags = self._client.get_bucket_tagging(**self._owner)["TagSet"]
        except ClientError as exc:
            if error_code(exc) in ("NoSuchTagSet", "AccessDenied"):
                return False
            raise
        return MADE_BY in tags

    def empty(self) -> None:
        """Delete the stack's objects, in all their versions.

        Raises:
            CommandFailed: S3 refuses to delete one of them.
        """
        versions = [
            {"Key": key, "VersionId": version} for key, version in self._versions(self._prefix)
        ]
        for start in range(0, len(versions), MAX_DELETED):
            deleted = self._client.delete_objects(
                **self._owner,
                Delete={"Objects": versions[start : start + MAX_DELETED], "Quiet": True},
            )
            for error in deleted.get("Errors", []):
                raise CommandFailed(f"cannot delete {error['Key']} of {self.name}: {error['Code']}")

    def delete_if_unused(self) -> bool:
        """Delete the bucket if this command made it and it is empty; return whether it did."""
        if not self.made_here() or next(iter(self._versions("")), None):
            return False
        self._client.delete_bucket(**self._owner)
        return True

    def _versions(self, prefix: str) -> Iterable[tuple[str, str]]:
        pages = self._client.get_paginator("list_object_versions").paginate(
            **self._owner, Prefix=prefix
        )
        for page in pages:
            for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                yield each["Key"], each["VersionId"]
