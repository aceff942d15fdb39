"""A stack's configuration by its files, without the Pulumi CLI: secrets stay closed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, cast

import yaml

from automation.errors import AutomationError

_YAML: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C reads in a tenth of the time; it is in PyYAML's wheels, not in every build."""
_SECRET: Final = "[secret]"  # noqa: S105 -- stands for one


@dataclass(frozen=True)
class StackConfig:
    """A stack's configuration as the program gets it: text by full key, objects as JSON."""

    project: str
    stack: str
    values: Mapping[str, str]
    secret_keys: list[str]

    @property
    def region(self) -> str:
        """The AWS region."""
        return self.values.get("aws:region", "us-east-1")


def project_name(root: Path) -> str:
    """Return the project's name.

    Raises:
        AutomationError: Pulumi.yaml is missing or has none.
    """
    name = _read(root / "Pulumi.yaml").get("name")
    if not isinstance(name, str):
        raise AutomationError(f"{root / 'Pulumi.yaml'} has no `name`")
    return name


def load(root: Path, stack: str) -> StackConfig:
    """Read a stack's configuration; what values may be, the settings say.

    Raises:
        AutomationError: a file is missing or not valid.
    """
    project = _read(root / "Pulumi.yaml")
    name = project_name(root)
    path = root / f"Pulumi.{stack}.yaml"
    if not path.exists():
        names = sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml"))
        near = get_close_matches(stack, names, 1)
        raise AutomationError(
            f"stack {stack!r} has no file {path.name}: there are {', '.join(names) or 'none'}"
            + (f"; did you mean {near[0]!r}?" if near else "")
        )
    values: dict[str, str] = {}
    secret_keys: list[str] = []
    for key, declared in _section(project, "Pulumi.yaml").items():
        entry = cast("dict[str, Any]", declared) if isinstance(declared, dict) else {"value": declared}
        if "value" in entry or "default" in entry:
            values[_full(key, name)] = _text(entry.get("value", entry.get("default")))
    for key, value in _section(_read(path), path.name).items():
        plain, secret = _closed(value)
        values[_full(key, name)] = _text(plain)
        if secret:
            secret_keys.append(_full(key, name))
    return StackConfig(name, stack, values, secret_keys)


def _section(document: dict[str, Any], file: str) -> dict[str, Any]:
    section: Any = document.get("config") or {}
    if not isinstance(section, dict):
        raise AutomationError(
            f"{file}: `config` is a {type(section).__name__}: expected keys with values below it"
        )
    return cast("dict[str, Any]", section)


def _full(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text("utf-8"), _YAML)  # noqa: S506 -- both are safe loaders
    except FileNotFoundError:
        raise AutomationError(f"{path} does not exist: run this from the project's folder") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AutomationError(f"{path.name} is not valid YAML: {error}") from error
    if not isinstance(document, dict):
        raise AutomationError(f"{path.name} holds no settings: expected `config:` with keys below it")
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


def _closed(value: Any) -> tuple[Any, bool]:
    """Replace the `secure:` values in `value`; the second result tells whether there were any."""
    if isinstance(value, dict):
        mapping = cast("dict[str, Any]", value)
        if set(mapping) == {"secure"}:
            return _SECRET, True
        closed = {name: _closed(item) for name, item in mapping.items()}
        return {name: item for name, (item, _) in closed.items()}, any(
            secret for _, secret in closed.values()
        )
    if isinstance(value, list):
        items = [_closed(item) for item in cast("list[Any]", value)]
        return [item for item, _ in items], any(secret for _, secret in items)
    return value, False
