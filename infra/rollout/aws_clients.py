"""boto3 clients with the region, profile and role of a stack's provider."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

if TYPE_CHECKING:
    import boto3

    from infra.settings import ProviderSettings

AwsService = Literal[
    "cloudwatch",
    "ecr",
    "ecs",
    "elbv2",
    "logs",
    "resourcegroupstaggingapi",
    "service-quotas",
    "sqs",
    "ssm",
    "sts",
]

_ROLE_SESSION_NAME: Final = "node-on-ecs"


class AwsClients(Protocol):
    """AWS clients of one account and region, or of an emulator."""

    def client(self, service: AwsService, /) -> Any:
        """Return the boto3 client of a service; safe to call from many threads."""
        ...


class Clients:
    """boto3 clients of a stack's account, created at their first use, from any thread."""

    def __init__(self, settings: ProviderSettings) -> None:
        self._settings = settings
        self._session: Any = None
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: AwsService, /) -> Any:
        """Return the boto3 client of a service."""
        from botocore.config import Config

        with self._lock:
            self._session = self._session or session_for(self._settings)
            if service not in self._made:
                # No rollout should fail because of one lost response.
                config = Config(retries={"mode": "standard", "total_max_attempts": 8})
                self._made[service] = self._session.client(service, config=config)
            return self._made[service]


def session_for(settings: ProviderSettings) -> boto3.Session:
    """Return a session with the credentials of the provider.

    A role is assumed again when it expires: a rollout may take longer than its hour.
    """
    import boto3
    import botocore.session
    from botocore.credentials import (
        AssumeRoleCredentialFetcher,
        CredentialProvider,
        CredentialResolver,
        DeferredRefreshableCredentials,
    )

    session: Any = boto3.Session(profile_name=settings.profile, region_name=settings.region)
    role_arn = settings.assume_role_arn
    if role_arn is None:
        return session

    class AssumedRole(CredentialProvider):
        METHOD = "assume-role"

        def load(self) -> DeferredRefreshableCredentials:
            fetcher = AssumeRoleCredentialFetcher(
                session.client,
                session.get_credentials(),
                role_arn,
                extra_args={"RoleSessionName": _ROLE_SESSION_NAME},
            )
            return DeferredRefreshableCredentials(fetcher.fetch_credentials, self.METHOD)

    assumed = botocore.session.Session()
    assumed.register_component("credential_provider", CredentialResolver([AssumedRole()]))
    return boto3.Session(botocore_session=assumed, region_name=settings.region)
