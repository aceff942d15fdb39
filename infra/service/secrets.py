"""Secrets of a task's containers, and the execution role's permissions to read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from infra.account import allow
from infra.settings.variables import is_in_s3

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.account import Account, Statement

_BY_NAME: Final = "secret:"
_PARAMETER: Final = "ssm:"


class SecretReferences:
    """The secrets and parameters that a task's containers ask for, by ARN or by name."""

    def __init__(self, account: Account, *, parent: pulumi.Resource) -> None:
        """Begin without any; each that is asked for is remembered for the grant."""
        self._account = account
        self._parent = parent
        self._secrets: dict[str, pulumi.Input[str]] = {}
        self._parameters: dict[str, pulumi.Input[str]] = {}

    def value_from(self, reference: str) -> pulumi.Input[str]:
        """Return what ECS reads, by its full ARN.

        Args:
            reference: an ARN; `/path` or `ssm:name` of a parameter; or `secret:name[:key[:stage[:version]]]`.
        """
        if reference.startswith(_BY_NAME):
            name, _, rest = reference.removeprefix(_BY_NAME).partition(":")
            arn = aws.secretsmanager.get_secret_output(
                name=name, opts=pulumi.InvokeOptions(parent=self._parent)
            ).arn
            self._secrets[name] = arn
            if not rest:
                return arn
            # ECS wants all three parts, though each may be empty.
            parts = [*rest.split(":"), "", ""][:3]
            return pulumi.Output.concat(arn, ":", ":".join(parts))
        if reference.startswith(("/", _PARAMETER)):
            name, _, version = reference.removeprefix(_PARAMETER).partition(":")
            arn = pulumi.Output.format(
                "arn:{}:ssm:{}:{}:parameter/{}",
                self._account.partition,
                self._account.region,
                self._account.id,
                name.removeprefix("/"),
            )
            self._parameters[name] = arn
            return pulumi.Output.concat(arn, ":", version) if version else arn
        if ":secretsmanager:" in reference:
            # `arn:…:secret:name` may go on with `:json-key:version-stage:version-id`.
            arn = ":".join(reference.split(":")[:7])
            self._secrets[arn] = arn
        else:
            # `arn:…:parameter/name` may go on with `:version` or `:label`, which IAM ignores.
            arn = ":".join(reference.split(":")[:6])
            self._parameters[arn] = arn
        return reference

    def statements(self, *, kms_keys: Iterable[str], files: Iterable[str]) -> Iterator[Statement]:
        """Yield what the execution role needs for all that was asked for.

        Args:
            kms_keys: keys of one's own with which secrets are encrypted, by ARN.
            files: files of variables; those in S3 ECS reads itself.
        """
        if self._secrets:
            found = [arn for _, arn in sorted(self._secrets.items())]
            yield allow("ReadSecrets", "secretsmanager:GetSecretValue", found)
        if self._parameters:
            found = [arn for _, arn in sorted(self._parameters.items())]
            yield allow("ReadParameters", "ssm:GetParameters", found)
        if keys := sorted({*kms_keys}):
            yield allow("DecryptSecrets", "kms:Decrypt", keys)
        if objects := sorted({file for file in files if is_in_s3(file)}):
            yield allow("ReadEnvironmentFiles", "s3:GetObject", objects)
            buckets = sorted({arn.partition("/")[0] for arn in objects})
            yield allow("FindEnvironmentFiles", "s3:GetBucketLocation", buckets)
