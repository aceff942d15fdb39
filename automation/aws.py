"""AWS as the commands call it: boto3 clients of a stack's account, or of the emulator."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

if TYPE_CHECKING:
    import boto3

    from infra.settings import ProviderSettings

AwsService = Literal["cloudwatch", "ecr", "ecs", "elbv2", "logs", "resourcegroupstaggingapi", "sts"]

_ROLE_SESSION_NAME: Final = "node-on-ecs-automation"

Answer = Mapping[str, Any]
"""What AWS answers, in botocore's form."""


class AwsClients(Protocol):
    """AWS clients of one account and region."""

    def client(self, service: AwsService, /) -> Any:
        """Return the boto3 client of a service; safe to call from many threads."""
        ...


class Account:
    """AWS clients for the region, profile and role that a stack's settings name."""

    def __init__(self, provider: ProviderSettings) -> None:
        self._provider = provider
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    @cached_property
    def session(self) -> boto3.Session:
        """The session with the stack's credentials; those of a role are renewed when they expire."""
        import boto3
        import botocore.session
        from botocore.credentials import (
            AssumeRoleCredentialFetcher,
            CredentialProvider,
            CredentialResolver,
            DeferredRefreshableCredentials,
        )

        provider = self._provider
        own: Any = boto3.Session(profile_name=provider.profile, region_name=provider.region)
        role_arn = provider.assume_role_arn
        if role_arn is None:
            return own

        class AssumedRole(CredentialProvider):
            METHOD = "assume-role"

            def load(self) -> DeferredRefreshableCredentials:
                fetcher = AssumeRoleCredentialFetcher(
                    own.client,
                    own.get_credentials(),
                    role_arn,
                    extra_args={"RoleSessionName": _ROLE_SESSION_NAME},
                )
                return DeferredRefreshableCredentials(fetcher.fetch_credentials, self.METHOD)

        assumed = botocore.session.Session()
        assumed.register_component("credential_provider", CredentialResolver([AssumedRole()]))
        return boto3.Session(botocore_session=assumed, region_name=provider.region)

    def client(self, service: AwsService, /) -> Any:
        """Return the boto3 client of a service, made once."""
        from botocore.config import Config

        with self._lock:
            if service not in self._clients:
                # Several services and alarms are read at once.
                config = Config(retries={"mode": "standard", "total_max_attempts": 8})
                session: Any = self.session
                self._clients[service] = session.client(service, config=config)
            return self._clients[service]
