"""boto3 clients have the provider's region, profile and role."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.credentials import AssumeRoleCredentialFetcher

from infra.rollout.aws_clients import Clients, session_for
from tests.unit.infra.factories import provider_settings

ROLE = "arn:aws:iam::123456789012:role/deploy"


@pytest.fixture(autouse=True)
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Set an access key in the environment, and create one profile."""
    profiles = tmp_path / "credentials"
    profiles.write_text("[team]\naws_access_key_id = OF-THE-PROFILE\naws_secret_access_key = secret\n")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profiles))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OF-THE-SHELL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "us-west-2")


def key_of(session: boto3.Session) -> str:
    credentials = session.get_credentials()
    assert credentials is not None
    return credentials.get_frozen_credentials().access_key or ""


def test_region_is_the_stack_s_and_not_the_environment_s() -> None:
    assert session_for(provider_settings(region="eu-central-1")).region_name == "eu-central-1"


def test_credentials_are_the_environment_s_without_a_profile() -> None:
    assert key_of(session_for(provider_settings())) == "OF-THE-SHELL"


def test_profile_takes_precedence_over_the_environment() -> None:
    assert key_of(session_for(provider_settings(profile="team"))) == "OF-THE-PROFILE"


def test_role_is_assumed_from_the_profile_and_again_when_it_expires(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A canary may take longer than the hour that a role lasts."""
    requests: list[tuple[str, str]] = []

    def assume(fetcher: Any) -> dict[str, Any]:
        requests.append((fetcher._source_credentials.access_key, fetcher._role_arn))
        return {
            "Credentials": {
                "AccessKeyId": f"OF-THE-ROLE-{len(requests)}",
                "SecretAccessKey": "secret",
                "SessionToken": "token",
                "Expiration": datetime.now(UTC) + timedelta(seconds=1),
            }
        }

    monkeypatch.setattr(AssumeRoleCredentialFetcher, "_get_credentials", assume)
    session = session_for(provider_settings(profile="team", assume_role_arn=ROLE))

    assert key_of(session) == "OF-THE-ROLE-1"
    assert key_of(session) == "OF-THE-ROLE-2"
    assert requests == [("OF-THE-PROFILE", ROLE)] * 2


def test_endpoint_is_the_environment_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """The local run sets it to its emulator."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")

    assert Clients(provider_settings()).client("ecs").meta.endpoint_url == "http://127.0.0.1:4566"


def test_clients_are_cached() -> None:
    clients = Clients(provider_settings())

    assert clients.client("ecs") is clients.client("ecs")
