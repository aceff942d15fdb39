"""Resolves the value `bootstrap` of a key to what `bootstrap/` has created in the account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from infra.settings import BOOTSTRAP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.environment.services import EnvironmentArgs
    from infra.settings import Settings

# As bootstrap/account/telling.py writes them.
_KEYS: Final = ("log-bucket", "log-key-arn", "topic-arn")


def with_bootstrapped(args: EnvironmentArgs, *, parent: pulumi.Resource) -> EnvironmentArgs:
    """Return arguments whose settings name buckets, keys and topics instead of `bootstrap`.

    The account is asked only where a key says so. What it does not have is left out, with a warning: a stack
    works without logs and alarms, and `python -m automation policies` says what it lacks.
    """
    asked = _asked(args.settings)
    if not asked:
        return args
    made = _made(args.project, parent)
    for key in sorted(asked - made.keys()):
        pulumi.log.warn(
            f"{key}: bootstrap, but bootstrap/ has made none in this account, so the stack goes without. Run "
            "bootstrap/ once (docs/bootstrap.md), or name one of your own",
            parent,
        )
    return replace(args, settings=_resolved(args.settings, made))


def _asked(settings: Settings) -> set[str]:
    observability = settings.observability
    values = (
        observability.log_bucket,
        observability.log_key_arn,
        observability.notifications.topic_arn,
    )
    return {key for key, value in zip(_KEYS, values, strict=True) if value == BOOTSTRAP}


def _made(project: str, parent: pulumi.Resource) -> Mapping[str, str]:
    # What there is decides which resources are declared, so this call has to be waited for.
    found = aws.ssm.get_parameters_by_path(
        path=f"/bootstrap/{project}", opts=pulumi.InvokeOptions(parent=parent)
    )
    return {
        name.rpartition("/")[2]: value
        for name, value in zip(found.names or (), found.values or (), strict=True)
    }


def _resolved(settings: Settings, made: Mapping[str, str]) -> Settings:
    def real(key: str, value: str | None) -> str | None:
        return made.get(key) if value == BOOTSTRAP else value

    observability = settings.observability
    bucket = real("log-bucket", observability.log_bucket)
    notifications = observability.notifications
    changes: dict[str, Any] = {
        "log_bucket": bucket,
        "log_key_arn": real("log-key-arn", observability.log_key_arn),
        "notifications": notifications.model_copy(
            update={"topic_arn": real("topic-arn", notifications.topic_arn)}
        ),
    }
    if bucket is None and observability.flow_logs == "bucket":
        changes["flow_logs"] = "none"
    return settings.model_copy(update={"observability": observability.model_copy(update=changes)})
