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
    """Collects the secrets and parameters of a task's containers, for the execution role."""

    def __init__(self, account: Account, *, parent: pulumi.Resource) -> None:
        """Start without references; `value_from` adds them."""
        self._account = account
        self._parent = parent
        self._secrets: dict[str, pulumi.Input[str]] = {}
        self._parameters: dict[str, pulumi.Input[str]] = {}

    def value_from(self, reference: str) -> pulumi.Input[str]:
        """Return the full ARN of a reference, as ECS reads it.

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
            # ECS requires all three parts; each may be empty.
            parts = [*rest.split(":"), "", ""][:3]
            return pulumi.Output.concat(arn, ":", ":".join(parts))
        if reference.startswith(("/", _PARAMETER)):
            name, _, version = reference.removeprefix(_PARAMETER).partition(":")
            arn = self._account.arn("ssm", f"parameter/{name.removeprefix('/')}")
            self._parameters[name] = arn
            return pulumi.Output.concat(arn, ":", version) if version else arn
        if ":secretsmanager:" in reference:
            # `arn:…:secret:name` may end with `:json-key:version-stage:version-id`.
            arn = ":".join(reference.split(":")[:7])
            self._secrets[arn] = arn
        else:
            # `arn:…:parameter/name` may end with `:version` or `:label`, which IAM ignores.
            arn = ":".join(reference.split(":")[:6])
            self._parameters[arn] = arn
        return reference

    def statements(self, *, kms_keys: Iterable[str], files: Iterable[str]) -> Iterator[Statement]:
        """Yield the permissions of the execution role for all references.

        Args:
            kms_keys: ARNs of customer managed keys that encrypt secrets.
            files: environment files; ECS reads those in S3.
        """
        if self._secrets:
            arns = [arn for _, arn in sorted(self._secrets.items())]
            yield allow("ReadSecrets", "secretsmanager:GetSecretValue", arns)
        if self._parameters:
            arns = [arn for _, arn in sorted(self._parameters.items())]
            yield allow("ReadParameters", "ssm:GetParameters", arns)
        if keys := sorted({*kms_keys}):
            yield allow("DecryptSecrets", "kms:Decrypt", keys)
        if objects := sorted({file for file in files if is_in_s3(file)}):
            yield allow("ReadEnvironmentFiles", "s3:GetObject", objects)
            buckets = sorted({arn.partition("/")[0] for arn in objects})
            yield allow("FindEnvironmentFiles", "s3:GetBucketLocation", buckets)
