"""What ECS says of a stack's services, by the names that people know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from local.resources.cloud import Cloud

_DESCRIBED_AT_ONCE: Final = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html"""


def describe(cloud: Cloud, cluster: str, names: Mapping[str, str]) -> dict[str, Any]:
    """Describe services.

    Args:
        cloud: the emulator.
        cluster: that they are in.
        names: ECS service names by service.
    """
    by_ecs_name = {ecs_name: name for name, ecs_name in names.items()}
    wanted = sorted(by_ecs_name)
    found: dict[str, Any] = {}
    for start in range(0, len(wanted), _DESCRIBED_AT_ONCE):
        answer = cloud.client("ecs").describe_services(
            cluster=cluster, services=wanted[start : start + _DESCRIBED_AT_ONCE]
        )
        found |= {by_ecs_name[service["serviceName"]]: service for service in answer["services"]}
    return found
