"""Secrets and parameters for tasks: the emulator's own, else those in `local-secrets.yaml`.

The file maps names or ARNs to values; a value that is a mapping is a secret in JSON. It is read anew for each
task, and is not committed.
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
_RANDOM_END: Final = re.compile(r"-[A-Za-z0-9]{6}$")

_ecs = ministack("services.ecs")


def install() -> None:
    """Let the tasks of this process read them."""
    for module, function, more in (
        ("secretsmanager", "resolve_secret_string", {}),
        # Else a container gets a SecureString as the emulator keeps it.
        ("ssm", "resolve_parameter_value", {"decrypt": True}),
    ):
        service = ministack(f"services.{module}")
        setattr(service, function, partial(_resolve, getattr(service, function), **more))
    _ecs._resolve_container_secrets = partial(_all_of, _ecs._resolve_container_secrets)


def _resolve(original: Any, identifier: str, *arguments: Any, **more: Any) -> str | None:
    found: str | None = original(identifier, *arguments, **more)
    return found if found is not None else value_of(identifier, FILE)


def value_of(identifier: str, file: Path) -> str | None:
    """Return the value that a file has for a secret or parameter, by ARN or by name."""
    known: dict[str, Any] = (yaml.safe_load(file.read_text("utf-8")) if file.exists() else None) or {}
    name = re.sub(
        r"^arn:[^:]*:(?:secretsmanager:[^:]*:\d*:secret:|ssm:[^:]*:\d*:parameter/?)", "", identifier
    )
    for key in (identifier, name, f"/{name}", _RANDOM_END.sub("", name)):
        if key in known:
            return known[key] if isinstance(known[key], str) else json.dumps(known[key])
    return None


def _all_of(original: Any, cdef: Any) -> Any:
    try:
        return original(cdef)
    except _ecs._SecretResolutionError as error:
        hint = f"it is neither in the emulator nor in {FILE.name}"
        raise _ecs._SecretResolutionError(f"{error}: {hint}") from error
