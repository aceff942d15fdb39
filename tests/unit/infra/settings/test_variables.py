"""Environment variables of containers, and values that must not be plain text."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.unit.infra.settings_fixtures import fault_of, faults_of, refuses, settings_of

PARAMETER = "arn:aws:ssm:us-east-1:123456789012:parameter/app/key"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "password",
        "API_KEY",
        "APIKEY",
        "GITHUB_TOKEN",
        "CLIENT_SECRET",
        "PRIVATE_KEY",
        "TOKEN_2",
    ],
)
def test_variables_named_like_secrets_are_refused_with_the_alternative(name: str) -> None:
    fault = fault_of({"environment": {name: "hunter2"}})

    assert fault.startswith(f"environment.{name} = [secret]: ")
    assert f"`{name}: /app/{name}` into `secrets`" in fault
    assert "`public-variables`" in fault


def test_a_long_variable_is_checked_quickly() -> None:
    """A certificate, or JSON: a search that begins anew at each letter took minutes."""
    begun = time.monotonic()
    settings_of({"environment": {"A": "x" * 50_000}})

    assert time.monotonic() - begun < 5


def test_a_url_with_a_password_is_refused() -> None:
    fault = fault_of({"environment": {"DATABASE_URL": "postgres://app:hunter2@db/app"}})

    assert "hunter2" not in fault


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKEN_TTL_SECONDS", "300"),
        ("PASSWORD_MIN_LENGTH", "8"),
        ("SECRET_NAME", "db"),
        ("NEXT_PUBLIC_MAPBOX_TOKEN", "pk.1"),
        ("USE_TOKEN", "true"),
        ("DATABASE_URL", "postgres://db.internal/app"),
        ("KEYBOARD", "qwerty"),
    ],
)
def test_names_that_only_resemble_secrets_are_accepted(name: str, value: str) -> None:
    assert settings_of({"environment": {name: value}}).main.environment == {name: value}


def test_public_variables_are_accepted() -> None:
    config = {"environment": {"MAPS_API_KEY": "pk.1"}, "public-variables": ["MAPS_API_KEY"]}

    assert settings_of(config).main.environment == {"MAPS_API_KEY": "pk.1"}


def test_a_public_name_without_a_variable_is_refused() -> None:
    refuses({"public-variables": ["MAPS_KEY"]}, "public-variables[0] … the name of a variable")


def test_environment_overrides_environment_files(folder: Path) -> None:
    (folder / "all.env").write_text("# for everybody\nA=1\nexport B='two words'\nC=${A}\n")
    (folder / "dev.env").write_text("A=2\n")
    config = {"environment-files": ["all.env", "dev.env"], "environment": {"B": "3"}}

    assert settings_of(config).main.variables == {"A": "2", "B": "3", "C": "${A}"}


@pytest.mark.parametrize(
    ("file", "reason"), [("no.env", "No such file or directory"), ("bad.env", "not UTF-8")]
)
def test_an_unreadable_file_is_refused(folder: Path, file: str, reason: str) -> None:
    (folder / "bad.env").write_bytes(b"A=\xff\n")

    refuses({"environment-files": [file]}, f"environment-files[0] … can be read ({reason})")


def test_a_secret_in_a_file_is_refused_and_hidden(folder: Path) -> None:
    (folder / "dev.env").write_text("API_TOKEN=hunter2\n")

    (fault,) = faults_of({"environment-files": ["dev.env"]})

    assert fault.startswith('environment-files = "API_TOKEN": ')
    assert "hunter2" not in fault


def test_a_file_may_not_set_another_port(folder: Path) -> None:
    (folder / "dev.env").write_text("PORT=80\n")

    assert fault_of({"environment-files": ["dev.env"]}).endswith(
        "files without PORT, which the program or the task role sets, or with PORT=3000"
    )


def test_a_file_may_set_the_same_port(folder: Path) -> None:
    """Most files of apps have it; nothing of an app's own is to be changed for no reason."""
    (folder / "dev.env").write_text("PORT=3000\nENVIRONMENT=dev\n")

    (fault,) = faults_of({"environment-files": ["dev.env"]})

    assert "files without ENVIRONMENT, which the program or the task role sets" in fault
    assert "PORT" not in fault


@pytest.mark.parametrize(
    "reference",
    [
        *(SECRET, f"{SECRET}:password::", SECRET.replace("arn:aws:", "arn:aws-us-gov:")),
        *(PARAMETER, f"{PARAMETER}:3", f"{PARAMETER}:prod"),
        *("/app/db-url", "/app/db-url:3", "ssm:db-url"),
        *("secret:db", "secret:prod/db:password", "secret:prod/db:password:AWSPREVIOUS"),
    ],
)
def test_secrets_accept_arns_and_names(reference: str) -> None:
    assert settings_of({"secrets": {"A": reference}}).main.secrets == {"A": reference}


@pytest.mark.parametrize(
    "reference",
    [
        # Without its six characters an ARN grants no secret, and the task cannot start; `*` grants all.
        *(SECRET[:-7], SECRET[:-3], f"{SECRET[:-7]}-*", f"{SECRET[:-9]}*", f"{SECRET[:-1]}?"),
        *(f"{PARAMETER}/*", PARAMETER.replace("123456789012", "*"), f"{PARAMETER}?b"),
        *("hunter2", "secret:", "/", "/app/*", "secret:db:*", "ssm:a/b", "arn:aws:s3:::secrets"),
    ],
)
def test_other_references_are_refused(reference: str) -> None:
    fault = fault_of({"secrets": {"A": reference}})

    assert "ends in a hyphen and six characters" in fault
    assert "no `*`, and never the secret itself" in fault


def test_an_alias_of_a_kms_key_is_refused() -> None:
    alias = "arn:aws:kms:us-east-1:123456789012:alias/app"

    refuses({"kms-keys": [alias]}, "kms-keys[0] … not of an alias")
