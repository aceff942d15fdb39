"""Build secrets, from the machine that deploys; the only place that reads environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

if TYPE_CHECKING:
    from infra.settings import BuildSecret


def build_secrets(secrets: Mapping[str, BuildSecret]) -> dict[str, pulumi.Output[str]]:
    """Return the values, which Pulumi keeps out of its logs, and in the state only encrypted.

    A preview builds nothing, and goes without those that are not there.

    Raises:
        pulumi.RunError: names each that is not there, and no value.
    """
    found: dict[str, pulumi.Output[str]] = {}
    missing: list[str] = []
    for name, secret in secrets.items():
        value = os.environ.get(secret.env) if secret.env else _content(secret.file or "")
        if value:
            found[name] = pulumi.Output.secret(value)
        else:
            where = f"the variable {secret.env}" if secret.env else f"the file {secret.file}"
            missing.append(f"build-secrets.{name}: {where} is not there, cannot be read, or is empty")
    if missing and not pulumi.runtime.is_dry_run():
        raise pulumi.RunError("\n".join([*missing, "Set it where `pulumi up` runs: the build needs it."]))
    return found


def _content(path: str) -> str | None:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError):
        return None
