"""The emulated AWS that handlers talk to: loopback only."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from local.errors import LocalError


class NotLoopbackError(LocalError):
    """The endpoint is not on this machine."""


def require_loopback(endpoint: str) -> str:
    """Return `endpoint` if it is on this machine.

    Raises:
        NotLoopbackError: it is not, and might be an AWS account's.
    """
    host = urlsplit(endpoint).hostname or ""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        raise NotLoopbackError(
            f"endpoint {endpoint!r} is not on this machine: the local run talks to 127.0.0.1, ::1 or "
            f"localhost only",
        )
    return endpoint


def _silent(_urn: str, _message: str) -> None:
    pass


@dataclass(frozen=True)
class Shared:
    """State that all clouds of a run share."""

    clients: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])
    """By region and service: creating one takes tens of milliseconds."""
    known: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Type and id of each resource in Pulumi's state."""
    waiting: set[str] = field(default_factory=set[str])
    """ARNs of the services whose deployments are followed now."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    cancelled: threading.Event = field(default_factory=threading.Event)
    """Set when the user cancels the run (the provider's `Cancel`); it ends every wait."""


class Cloud:
    """Clients for one region of the emulator, and the context of the run."""

    def __init__(
        self,
        endpoint: str,
        *,
        region: str = "us-east-1",
        default_tags: Mapping[str, str] | None = None,
        report: Callable[[str, str], None] = _silent,
        shared: Shared | None = None,
    ) -> None:
        self.endpoint = require_loopback(endpoint)
        self.region = region
        self.default_tags: Mapping[str, str] = default_tags or {}
        self.report = report
        """Called with a resource's URN and one line of progress (a Docker build step)."""
        self.shared = shared or Shared()
        self._work = threading.local()

    def client(self, service: str) -> Any:
        """Return the boto3 client of `service`, created once; it is thread-safe."""
        key = (self.region, service)
        with self.shared.lock:
            if key not in self.shared.clients:
                self.shared.clients[key] = self._make_client(service)
            return self.shared.clients[key]

    def _make_client(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportCallIssue]
            service,  # pyright: ignore[reportArgumentType]
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 -- the emulator accepts any
            config=Config(
                retries={"total_max_attempts": 3, "mode": "standard"},
                max_pool_connections=32,
                connect_timeout=5,
                read_timeout=60,
                proxies={},
            ),
        )

    @contextmanager
    def working_on(self, urn: str, *, timeout: float = 0) -> Generator[None]:
        """Set the resource for which this thread calls a handler.

        Args:
            urn: the resource beside which `progress` is shown.
            timeout: its `customTimeouts` for this operation in seconds, 0 for none.
        """
        before = self._working_on
        self._work.on = (urn, timeout)
        try:
            yield
        finally:
            self._work.on = before

    @property
    def _working_on(self) -> tuple[str | None, float]:
        return getattr(self._work, "on", (None, 0))

    def timeout(self, default: float) -> float:
        """Return the time limit of this thread's operation, in seconds."""
        return self._working_on[1] or default

    @property
    def cancelled(self) -> threading.Event:
        """Set when the user cancels the run."""
        return self.shared.cancelled

    def progress(self, message: str) -> None:
        """Show one line beside the resource that this thread works on, if there is one."""
        urn, _ = self._working_on
        if urn is not None:
            self.report(urn, message)

    def remember(self, token: str, identifier: str) -> None:
        """Record that the state has this resource, so that `create` never adopts it for another one."""
        self.shared.known.add((token, identifier))

    def is_known(self, token: str, identifier: str) -> bool:
        """Whether the state has this resource."""
        return (token, identifier) in self.shared.known
