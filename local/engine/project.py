"""Reads Pulumi.yaml and a stack file as the CLI does: defaults, types, encrypted values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, cast

import yaml

from local.engine.errors import EngineError
from local.engine.secrets import Crypter, crypter_for

_YAML: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C reads in a tenth of the time; it is in PyYAML's wheels, not in every build."""


class ConfigError(EngineError):
    """A project or stack file cannot be used."""


@dataclass(frozen=True)
class StackConfig:
    """A stack's configuration as the program gets it: text by full key, objects as JSON."""

    project: str
    stack: str
    values: Mapping[str, str]
    secret_keys: list[str]


def project_name(root: Path) -> str:
    """The project's name.

    Raises:
        ConfigError: Pulumi.yaml is missing or has none.
    """
    name = _read(root / "Pulumi.yaml").get("name")
    if not isinstance(name, str):
        raise ConfigError(f"{root / 'Pulumi.yaml'} has no `name`")
    return name


def stack_names(root: Path) -> list[str]:
    """The stacks that have a file."""
    return sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml"))


def load(root: Path, stack: str, passphrase: str) -> StackConfig:
    """Read the configuration of `stack`; what values may be, the program itself says.

    Raises:
        ConfigError: a file is missing or broken, or a secret cannot be opened.
    """
    project = _read(root / "Pulumi.yaml")
    name = project_name(root)
    path = root / f"Pulumi.{stack}.yaml"
    if not path.exists():
        names = stack_names(root)
        near = get_close_matches(stack, names, 1)
        raise ConfigError(
            f"stack {stack!r} has no file {path.name}: there are {', '.join(names) or 'none'}"
            + (f"; did you mean {near[0]!r}?" if near else ""),
        )
    document = _read(path)
    salt = document.get("encryptionsalt")
    crypter = crypter_for(passphrase, str(salt)) if salt else None
    values: dict[str, str] = {}
    secret_keys: list[str] = []
    for key, declared in _section(project, "Pulumi.yaml").items():
        entry = cast("dict[str, Any]", declared) if isinstance(declared, dict) else {"value": declared}
        if "value" in entry or "default" in entry:
            values[_full(key, name)] = _text(entry.get("value", entry.get("default")))
    for key, value in _section(document, path.name).items():
        plain, secret = _opened(value, crypter, key)
        values[_full(key, name)] = _text(plain)
        if secret:
            secret_keys.append(_full(key, name))
    return StackConfig(name, stack, values, secret_keys)


def _section(document: dict[str, Any], file: str) -> dict[str, Any]:
    section: Any = document.get("config") or {}
    if not isinstance(section, dict):
        raise ConfigError(
            f"{file}: `config` is a {type(section).__name__}: expected keys with values below it"
        )
    return cast("dict[str, Any]", section)


def _full(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(), _YAML)  # noqa: S506 -- both are safe loaders
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist: run this from the project's folder") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name} is no YAML: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path.name} holds no settings: expected `config:` with keys below it")
    return cast("dict[str, Any]", document)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        # YAML makes one of what is not quoted.
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps(value, default=str)


def _opened(value: Any, crypter: Crypter | None, key: str) -> tuple[Any, bool]:
    """Open the `secure:` values in `value`; the second result tells whether there were any."""
    if isinstance(value, dict):
        mapping = cast("dict[str, Any]", value)
        if set(mapping) == {"secure"}:
            if crypter is None:
                raise ConfigError(f"{key} is encrypted and the stack file has no `encryptionsalt`")
            return crypter.decrypt(str(mapping["secure"])), True
        opened = {name: _opened(item, crypter, key) for name, item in mapping.items()}
        return {name: item for name, (item, _) in opened.items()}, any(
            secret for _, secret in opened.values()
        )
    if isinstance(value, list):
        items = [_opened(item, crypter, key) for item in cast("list[Any]", value)]
        return [item for item, _ in items], any(secret for _, secret in items)
    return value, False
