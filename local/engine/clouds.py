"""One cloud for each provider, made from what the program configures."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

from local.engine import wire
from local.engine.errors import EngineError
from local.engine.state import ResourceState
from local.resources.base import Properties
from local.resources.cloud import Cloud, Shared

PROVIDER_PREFIX = "pulumi:providers:"


class Clouds:
    """The clouds of a run."""

    def __init__(self, endpoint: str, report: Callable[[str, str], None]) -> None:
        self._endpoint = endpoint
        self._report = report
        self._clouds: dict[str, Cloud] = {}
        self._shared = Shared()

    def add(self, provider: ResourceState) -> None:
        """Make the cloud of a provider; the same inputs keep the clients that are there."""
        self._clouds[provider.urn] = cloud_of(
            wire.reveal(provider.inputs), self._endpoint, report=self._report, shared=self._shared
        )

    def of(self, reference: str) -> Cloud:
        """The cloud behind `<urn>::<id>`.

        Raises:
            EngineError: there is no such provider.
        """
        urn = reference.rsplit("::", 1)[0]
        if urn not in self._clouds:
            raise EngineError(f"provider {urn!r} is used and was not registered")
        return self._clouds[urn]


def cloud_of(
    configuration: Properties,
    endpoint: str,
    *,
    report: Callable[[str, str], None],
    shared: Shared | None = None,
) -> Cloud:
    """The cloud of a provider that is configured like this."""
    tags = _parsed(configuration.get("defaultTags"))
    return Cloud(
        endpoint,
        region=configuration.get("region") or "us-east-1",
        default_tags=(tags or {}).get("tags") or {},
        report=report,
        shared=shared,
    )


def _parsed(value: Any) -> Properties | None:
    """A provider's nested properties arrive as JSON text."""
    if isinstance(value, str):
        return json.loads(value)
    return cast("Properties", value) if isinstance(value, dict) else None
