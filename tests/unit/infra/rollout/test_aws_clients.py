"""The program asks the account that the provider works in."""

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
    """A shell with a key of its own, and one profile."""
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
    return credentials.get_frozen_credentials().access_key


def test_the_region_is_the_stack_s_and_not_the_shell_s() -> None:
    assert session_for(provider_settings(region="eu-central-1")).region_name == "eu-central-1"


def test_without_a_profile_the_shell_s_credentials_count() -> None:
    assert key_of(session_for(provider_settings())) == "OF-THE-SHELL"


def test_a_profile_comes_before_the_shell() -> None:
    assert key_of(session_for(provider_settings(profile="team"))) == "OF-THE-PROFILE"


def test_a_role_is_assumed_from_the_profile_and_anew_when_it_runs_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A canary may take longer than the hour that a role lasts."""
    asked: list[tuple[str, str]] = []

    def assume(fetcher: Any) -> dict[str, Any]:
        asked.append((fetcher._source_credentials.access_key, fetcher._role_arn))
        return {
            "Credentials": {
                "AccessKeyId": f"OF-THE-ROLE-{len(asked)}",
                "SecretAccessKey": "secret",
                "SessionToken": "token",
                "Expiration": datetime.now(UTC) + timedelta(seconds=1),
            }
        }

    monkeypatch.setattr(AssumeRoleCredentialFetcher, "_get_credentials", assume)
    session = session_for(provider_settings(profile="team", assume_role_arn=ROLE))

    assert key_of(session) == "OF-THE-ROLE-1"
    assert key_of(session) == "OF-THE-ROLE-2"
    assert asked == [("OF-THE-PROFILE", ROLE)] * 2


def test_the_endpoint_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the local run points the gates at its emulator."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")

    assert Clients(provider_settings()).get("ecs").meta.endpoint_url == "http://127.0.0.1:4566"


def test_a_client_is_made_once() -> None:
    clients = Clients(provider_settings())

    assert clients.get("ecs") is clients.get("ecs")
