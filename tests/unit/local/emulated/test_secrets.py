"""Values of secrets in `local-secrets.yaml`."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.emulated.secrets import value_of

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret"
PARAMETER = "arn:aws:ssm:us-east-1:123456789012:parameter"
TEXT = f"""
db: {{password: p}}
/app/token: t
plain: s
{SECRET}:other-AbCdEf: by ARN
"""


@pytest.mark.parametrize(
    ("identifier", "value"),
    [
        (f"{SECRET}:db-AbCdEf", '{"password": "p"}'),
        (f"{SECRET}:other-AbCdEf", "by ARN"),
        (f"{SECRET}:none-AbCdEf", None),
        (f"{PARAMETER}/app/token", "t"),
        (f"{PARAMETER}/plain", "s"),
        ("/app/token", "t"),
    ],
)
def test_a_secret_value_is_found_by_name_or_arn(tmp_path: Path, identifier: str, value: str | None) -> None:
    file = tmp_path / "local-secrets.yaml"
    file.write_text(TEXT)

    assert value_of(identifier, file) == value


def test_without_a_file_there_is_none(tmp_path: Path) -> None:
    assert value_of(f"{SECRET}:db-AbCdEf", tmp_path / "none.yaml") is None
