"""Secrets and parameters for tasks: the emulator's, otherwise those in `local-secrets.yaml`.

The file maps names or ARNs to values; a mapping is a secret in JSON. It is read for each task and not
committed.
"""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml

from local.emulated import ministack

FILE: Final = Path(__file__).resolve().parents[2] / "local-secrets.yaml"
_RANDOM_SUFFIX: Final = re.compile(r"-[A-Za-z0-9]{6}$")

_ecs = ministack("services.ecs")


def install() -> None:
    """Make tasks read the file."""
    for module, function, more in (
        ("secretsmanager", "resolve_secret_string", {}),
        # Without this a container gets a SecureString in the emulator's stored form.
        ("ssm", "resolve_parameter_value", {"decrypt": True}),
    ):
        service = ministack(f"services.{module}")
        setattr(service, function, partial(_resolve, getattr(service, function), **more))
    _ecs._resolve_container_secrets = partial(_resolve_all, _ecs._resolve_container_secrets)


def _resolve(original: Any, identifier: str, *arguments: Any, **more: Any) -> str | None:
    value: str | None = original(identifier, *arguments, **more)
    return value_of(identifier, FILE) if value is None else value


def value_of(identifier: str, file: Path) -> str | None:
    """Return the value of a secret or parameter in a file, by ARN or name; None if it has none."""
    values: dict[str, Any] = (yaml.safe_load(file.read_text("utf-8")) if file.exists() else None) or {}
    name = re.sub(
        r"^arn:[^:]*:(?:secretsmanager:[^:]*:\d*:secret:|ssm:[^:]*:\d*:parameter/?)", "", identifier
    )
    for key in (identifier, name, f"/{name}", _RANDOM_SUFFIX.sub("", name)):
        if key in values:
            return values[key] if isinstance(values[key], str) else json.dumps(values[key])
    return None


def _resolve_all(original: Any, cdef: Any) -> Any:
    try:
        return original(cdef)
    except _ecs._SecretResolutionError as error:
        hint = f"it is neither in the emulator nor in {FILE.name}"
        raise _ecs._SecretResolutionError(f"{error}: {hint}") from error
