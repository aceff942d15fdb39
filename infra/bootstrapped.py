"""Resolves the value `bootstrap` of a key to the resource that `bootstrap/` created in the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from infra.settings import BOOTSTRAP

if TYPE_CHECKING:
    from infra.settings import Settings


def resolve_bootstrap(settings: Settings, project: str, *, parent: pulumi.Resource) -> Settings:
    """Return settings with buckets, keys and topics in place of the value `bootstrap`.

    The account is queried only if a key has this value. A resource that it lacks is left out with a warning:
    the stack works without logs and alarms, and `python -m automation policies` reports what is missing.
    """
    observability = settings.observability
    values = {
        # The names under which bootstrap/account/observability.py stores them.
        "log-bucket": observability.log_bucket,
        "log-key-arn": observability.log_key_arn,
        "topic-arn": observability.notifications.topic_arn,
    }
    requested = sorted(key for key, value in values.items() if value == BOOTSTRAP)
    if not requested:
        return settings
    created = _created_by_bootstrap(project, parent)
    for key in requested:
        values[key] = created.get(key)
        if key not in created:
            pulumi.log.warn(
                f"{key}: bootstrap, but bootstrap/ has created none in this account, so the stack has none. "
                "Run bootstrap/ once (docs/bootstrap.md), or set the name of another one",
                parent,
            )
    notifications = observability.notifications.model_copy(update={"topic_arn": values["topic-arn"]})
    update: dict[str, Any] = {
        "log_bucket": values["log-bucket"],
        "log_key_arn": values["log-key-arn"],
        "notifications": notifications,
    }
    if values["log-bucket"] is None and observability.flow_logs == "bucket":
        update["flow_logs"] = "none"
    return settings.model_copy(update={"observability": observability.model_copy(update=update)})


def _created_by_bootstrap(project: str, parent: pulumi.Resource) -> dict[str, str]:
    # Synchronous: the answer decides which resources are declared.
    parameters = aws.ssm.get_parameters_by_path(
        path=f"/bootstrap/{project}", opts=pulumi.InvokeOptions(parent=parent)
    )
    return {
        name.rpartition("/")[2]: value
        for name, value in zip(parameters.names or (), parameters.values or (), strict=True)
    }
