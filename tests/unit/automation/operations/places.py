"""A stack that is up, as the operations' tests see it."""

from __future__ import annotations

from typing import Any

from automation.operations.place import Place
from tests.unit.infra.rollout.aws import Aws

OUTPUTS: dict[str, Any] = {
    "url": "https://dev.example.com",
    "urls": {"web": "https://dev.example.com", "web-alice": "https://alice.dev.example.com"},
    "cluster_name": "cluster-1a2b3c4",
    "service_names": {"web": "web-1a2b3c4", "web-alice": "web-alice-1a2b3c4"},
    "log_group_name": "logs-1a2b3c4",
}


def place(aws: Aws, **outputs: Any) -> Place:
    return Place.of("dev", {**OUTPUTS, **outputs}, aws)
