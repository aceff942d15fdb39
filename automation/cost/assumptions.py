"""Assumptions about what the configuration does not contain: traffic, logs, stored images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any

from automation.errors import AutomationError


def _assumed(value: float, meaning: str) -> Any:
    return field(default=value, metadata={"meaning": meaning})


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """The assumptions for an estimate; `--assume` changes them."""

    hours: float = _assumed(730, "hours in a month")
    scaling: float = _assumed(
        0, "how much load scales services, from their fewest tasks (0) to their most (1)"
    )
    requests: float = _assumed(100_000, "requests a month to each running service")
    response_kb: float = _assumed(10, "KB in a response, all sent to the internet")
    logs_gb: float = _assumed(0.1, "GB that each task logs in a month; stored uncompressed")
    nat_gb: float = _assumed(2, "GB a month through NAT gateways for each task")
    image_gb: float = _assumed(0.25, "GB in each image repository; images share their lower layers")
    insights_cluster_metrics: float = _assumed(13, "metrics of Container Insights for a cluster")
    insights_service_metrics: float = _assumed(25, "metrics of Container Insights for a service")
    insights_task_metrics: float = _assumed(132, "metrics for each task with enhanced Container Insights")
    insights_logs_gb: float = _assumed(0.1, "GB of performance events of Container Insights for each task")
    dns_queries: float = _assumed(100_000, "queries a month to each hosted zone, without aliases")
    efs_gb: float = _assumed(10, "GB in each file system; all of it in the Standard class")
    efs_read_gb: float = _assumed(10, "GB a month read from each file system with elastic throughput")
    efs_written_gb: float = _assumed(5, "GB a month written to each file system with elastic throughput")
    instance_reserved_gb: float = _assumed(
        0.5, "GB of each instance's memory for the system and the ECS agent"
    )
    job_minutes: float = _assumed(5, "minutes that a scheduled task runs")
    queue_requests: float = _assumed(1000, "requests a month to each queue")
    bucket_gb: float = _assumed(1, "GB in each bucket")

    @classmethod
    def with_overrides(cls, overrides: Iterable[str]) -> Assumptions:
        """Return the assumptions with overrides of the form `name=number`.

        Raises:
            AutomationError: a name is unknown, or a value is not a number from 0.
        """
        changes: dict[str, float] = {}
        names = {item.name.replace("_", "-"): item.name for item in fields(cls)}
        for override in overrides:
            key, _, text = override.partition("=")
            name = names.get(key.strip().replace("_", "-"))
            if name is None:
                near = get_close_matches(key, names, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise AutomationError(
                    f"{override}: there is no assumption {key!r}{hint}; there are {', '.join(names)}"
                )
            try:
                value = float(text)
            except ValueError:
                value = -1.0
            if not 0 <= value < float("inf"):
                raise AutomationError(f"{override}: {text!r} is not a number from 0")
            changes[name] = value
        return replace(cls(), **changes)

    def described(self, names: Iterable[str]) -> list[tuple[str, float, str]]:
        """Return name (as for `--assume`), value and meaning of some assumptions, in this class's order."""
        wanted = set(names)
        return [
            (item.name.replace("_", "-"), getattr(self, item.name), item.metadata["meaning"])
            for item in fields(self)
            if item.name in wanted
        ]
