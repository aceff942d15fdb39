"""Notifications, dashboard and logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from infra.settings.faults import Fault
from infra.settings.model import Model, Pattern, arn

BOOTSTRAP: Final = "bootstrap"
"""Value that stands for the account's shared resource, which `bootstrap/` creates."""

_TOPIC: Final = arn("an SNS topic that is not FIFO", "sns", "[A-Za-z0-9_-]{1,256}")
_Bucket = Annotated[
    str, Pattern("the name of an S3 bucket", r"[a-z0-9](?:[a-z0-9-]|\.(?=[a-z0-9])){1,61}[a-z0-9]")
]


def _or_bootstrap(form: Pattern) -> Pattern:
    return Pattern(f"{form.description}, or {BOOTSTRAP}", f"{BOOTSTRAP}|{form.pattern}")


class NotificationSettings(Model):
    """Topics and thresholds of alarms and events; a threshold of 0 is no such alarm."""

    topic_arn: Annotated[str, _or_bootstrap(_TOPIC)] | None = None
    """SNS topic, in the stack's region, that gets every alarm and event; without it there are none. With
    `bootstrap` it is the one that `bootstrap/` creates for the account."""
    urgent_topic_arn: Annotated[str, _TOPIC] | None = None
    """SNS topic for urgent messages only (users are affected), such as a pager's; `topic-arn` then gets what
    can wait until morning, and the reasons."""
    load_balancer_errors: int = Field(default=10, ge=0, le=10**9)
    """Number of 5xx answers of the load balancer itself in one minute from which the alarm goes off."""
    unhealthy_percent: int = Field(default=50, ge=0, le=100)
    """Percent of a service's tasks that fail their health checks."""
    cpu_percent: int = Field(default=90, ge=0, le=100)
    """Percent of CPU, on average over a service's tasks."""
    memory_percent: int = Field(default=90, ge=0, le=100)
    """Percent of memory, on average over a service's tasks."""
    error_lines: int = Field(default=10, ge=0, le=10**9)
    """Number of log lines with the level `error` in one minute from which the alarm goes off."""
    minutes: int = Field(default=5, ge=1, le=60)
    """Minutes in a row until these alarms go off; two for a service without any healthy task."""
    events: bool = True
    """Whether ECS's events are sent, too: failed deployments, and tasks that find no capacity, do not start
    or crash."""

    def _rules(self) -> Iterator[Fault]:
        if self.urgent_topic_arn and self.topic_arn is None:
            yield Fault(("urgent-topic-arn",), "only valid together with `topic-arn`, which gets the reasons")


class ObservabilitySettings(Model):
    """Notifications, dashboard and logs of a stack."""

    notifications: NotificationSettings = NotificationSettings()
    """Alarms and events that reach people by an SNS topic; see docs/on-call.md. A threshold of 0 means no
    such alarm."""
    dashboard: bool = False
    """A CloudWatch dashboard of the services, and saved queries of their log, in the folder
    <project>/<stack>: errors, the slowest requests, one request by its id. Three dashboards are free for an
    account."""
    log_bucket: _Bucket | None = None
    """S3 bucket in the stack's region, encrypted with SSE-S3, for the load balancer's access and connection
    logs, below <project>/<stack>; `bootstrap` is the one that `bootstrap/` creates for the account. Without
    the key again, AWS goes on logging until that is switched off at the load balancer."""
    flow_logs: Literal["none", "bucket", "log-group"] = "none"
    """Where the flow logs of the stack's own VPC go: to `log-bucket`, or to a log group, kept for
    `log-retention-days`."""
    log_key_arn: (
        Annotated[str, _or_bootstrap(arn("a KMS key", "kms", "key/[A-Za-z0-9-]+", ":key/…"))] | None
    ) = None
    """KMS key for the stack's log groups; its policy has to let CloudWatch Logs use it. `bootstrap` is the
    key that `bootstrap/` creates for the account."""

    def _rules(self) -> Iterator[Fault]:
        if self.flow_logs == "bucket" and self.log_bucket is None:
            yield Fault(("flow-logs",), "log-group, or with a `log-bucket`")
