"""Where a stack's services run, and by which names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from automation.errors import AutomationError
from infra.rollout.clients import AwsService


class Clients(Protocol):
    """Asks the account that a stack is in, or the emulator: whoever made it has decided that."""

    def get(self, service: AwsService, /) -> Any:
        """Return the boto3 client of a service."""
        ...


@dataclass(frozen=True, kw_only=True)
class Place:
    """A stack that is up."""

    stack: str
    clients: Clients
    cluster: str
    services: Mapping[str, str]
    """ECS's names, by those that people know."""
    urls: Mapping[str, str]
    """Addresses, by service."""
    main: str
    """The service that is meant when none is named."""
    log_group: str

    @classmethod
    def of(cls, stack: str, outputs: Mapping[str, Any], clients: Clients) -> Place:
        """Return what a stack's outputs tell.

        Raises:
            AutomationError: they tell nothing of services.
        """
        missing = [
            name
            for name in ("cluster_name", "service_names", "urls", "url", "log_group_name")
            if not outputs.get(name)
        ]
        if missing:
            raise AutomationError(
                f"stack {stack!r} has no output {missing[0]}: it was never brought up, or only in part; "
                f"`python -m automation up {stack}` goes on with it"
            )
        urls: Mapping[str, str] = outputs["urls"]
        return cls(
            stack=stack,
            clients=clients,
            cluster=outputs["cluster_name"],
            services=outputs["service_names"],
            urls=urls,
            main=next((name for name in sorted(urls) if urls[name] == outputs["url"]), min(urls)),
            log_group=outputs["log_group_name"],
        )

    def choose(self, service: str | None) -> str:
        """Return the service that is meant.

        Raises:
            AutomationError: there is none of that name.
        """
        if service is None:
            return self.main
        if service not in self.services:
            names = ", ".join(sorted(self.services))
            raise AutomationError(f"stack {self.stack!r} has no service {service!r}: there are {names}")
        return service
