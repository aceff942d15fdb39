"""Build secrets, from environment variables and files of the machine that deploys."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

if TYPE_CHECKING:
    from infra.settings import BuildSecret


def build_secrets(secrets: Mapping[str, BuildSecret]) -> dict[str, pulumi.Output[str]]:
    """Return the values as Pulumi secrets, which are encrypted in the state and hidden in logs.

    A preview omits missing secrets, as it builds nothing.

    Raises:
        pulumi.RunError: secrets are missing; the message names them without their values.
    """
    values: dict[str, pulumi.Output[str]] = {}
    missing: list[str] = []
    for name, secret in secrets.items():
        value = os.environ.get(secret.env) if secret.env else _content(secret.file or "")
        if value:
            values[name] = pulumi.Output.secret(value)
        else:
            where = f"the variable {secret.env}" if secret.env else f"the file {secret.file}"
            missing.append(f"build-secrets.{name}: {where} is missing, unreadable or empty")
    if missing and not pulumi.runtime.is_dry_run():
        raise pulumi.RunError(
            "\n".join([*missing, "Provide them on the machine that runs `pulumi up`: the build needs them."])
        )
    return values


def _content(path: str) -> str | None:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError):
        return None
