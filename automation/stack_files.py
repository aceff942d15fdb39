"""`Pulumi.yaml` and the stack files: read as the Pulumi CLI reads them, and derived from one another."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, cast

from automation import go_yaml
from automation.errors import AutomationError

SECRET: Final = "[secret]"  # noqa: S105 -- stands where one was
"""What an encrypted value is here: only the CLI decrypts."""

_KEYS: Final = (
    "config",
    "secretsprovider",
    "encryptedkey",
    "encryptionsalt",
    "environment",
    "mainEnvironment",
)
"""What a stack file may have: `ProjectStack` in sdk/go/common/workspace/project.go of pulumi/pulumi."""
_EXTENSION: Final = "x-"
"""Begins a key that holds YAML anchors and no settings."""
_ENCRYPTION: Final = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""With these lines another stack can decrypt what the base has encrypted."""


def path_of(root: Path, stack: str) -> Path:
    """Return the path of a stack's file."""
    return root / f"Pulumi.{stack}.yaml"


def stack_names(root: Path) -> list[str]:
    """Return the stacks that have a file, sorted."""
    return sorted(path.name.removeprefix("Pulumi.")[: -len(".yaml")] for path in root.glob("Pulumi.*.yaml"))


def project_name(root: Path) -> str:
    """Return the project's name.

    Raises:
        AutomationError: `Pulumi.yaml` is missing, is not valid, or has none.
    """
    return _name(_read(root / "Pulumi.yaml"))


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """A stack's configuration as the CLI gives it to the program."""

    project: str
    stack: str
    values: Mapping[str, str]
    """Text by full key, such as `aws:region`: objects and lists as JSON, `SECRET` for what is encrypted."""
    secret_keys: list[str]
    """The full keys whose values are encrypted, in whole or in part."""

    @property
    def region(self) -> str:
        """The AWS region."""
        return self.values["aws:region"]


def read_config(root: Path, stack: str) -> StackConfig:
    """Return a stack's configuration, with the values and defaults of `Pulumi.yaml`.

    Raises:
        AutomationError: a file is missing, is not valid, or has no settings.
    """
    path = path_of(root, stack)
    if not path.exists():
        raise without_file(root, stack)
    project_file = _read(root / "Pulumi.yaml")
    project = _name(project_file)
    own = {_full(key, project): value for key, value in _read_stack(path).config.items()}
    values = {**{_full(key, project): value for key, value in project_file.declared.items()}, **own}
    return StackConfig(
        project=project,
        stack=stack,
        values={key: _text(_without_secrets(value)) for key, value in values.items()},
        secret_keys=[key for key, value in own.items() if _has_secrets(value)],
    )


def without_file(root: Path, stack: str) -> AutomationError:
    """Return the error about a stack that has no file: it names those that have one."""
    names = stack_names(root)
    near = get_close_matches(stack, names, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return AutomationError(
        f"stack {stack!r} has no file {path_of(root, stack).name}: there are {', '.join(names) or 'none'}"
        f"{hint}; "
        f"`python -m automation init --stacks {stack}` writes one"
    )


def encryption_of(path: Path) -> Mapping[str, str]:
    """Return the lines of a stack file that say how its secrets are encrypted.

    Raises:
        AutomationError: it cannot be read, or is not valid.
    """
    return _read_stack(path).encryption


@dataclass(frozen=True, kw_only=True)
class Derived:
    """A stack file that is derived from another stack's, for a stack that does not last."""

    root: Path
    """The project's folder."""
    project: str
    stack: str
    base: str

    @property
    def path(self) -> Path:
        """The file's path."""
        return path_of(self.root, self.stack)

    def write(self, *, left_out: Collection[str], changes: Mapping[str, Any], command: str) -> None:
        """Write the file, over one that is there; values that are not changed are those of the base's file.

        Args:
            left_out: the project's keys that are not copied.
            changes: values by full key, such as `aws:region`.
            command: the one that writes it, named in the file's first line.

        Raises:
            AutomationError: the base has no file, one that is not valid, or secrets that this stack could not
                decrypt.
        """
        base = self._base()
        dropped = {*changes, *(f"{self.project}:{key}" for key in left_out)}
        kept = {key: value for key, value in base.config.items() if _full(key, self.project) not in dropped}
        encryption = base.encryption
        if not encryption and _has_secrets(kept):
            raise AutomationError(
                f"the secrets in {base.path.name} are encrypted by Pulumi Cloud for {self.base} alone and "
                f"{self.stack} could not decrypt them: keep them in Secrets Manager or SSM and name their "
                f"ARNs in `secrets`, or give {self.base} a key that both can use (`pulumi stack "
                "change-secrets-provider`)"
            )
        if not encryption and self.path.exists():
            # Pulumi wrote it into the file when it made the stack.
            encryption = _read_stack(self.path).encryption
        text = go_yaml.text_of({**encryption, "config": {**kept, **changes}})
        draft = self.path.with_suffix(".yaml.new")
        draft.write_text(f"# From {base.path.name}: `{command}` writes it anew each time.\n{text}", "utf-8")
        draft.replace(self.path)

    def encryption_of_base(self) -> Mapping[str, str]:
        """Return the lines that say how the base's secrets are encrypted."""
        return self._base().encryption

    def _base(self) -> _File:
        source = path_of(self.root, self.base)
        if not source.exists():
            raise AutomationError(
                f"there is no {source.name}, from which {self.path.name} is derived: {self.base!r} must be a "
                f"stack that has a file: {', '.join(stack_names(self.root)) or 'there is none'}"
            )
        return _read_stack(source)


@dataclass(frozen=True)
class _File:
    """A valid `Pulumi.yaml` or stack file."""

    path: Path
    settings: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def declared(self) -> dict[str, Any]:
        """The values and defaults of `Pulumi.yaml`."""
        return {
            key: entry["value"] if "value" in entry else entry["default"]
            for key, value in self.config.items()
            if "value" in (entry := _as_mapping(value) or {"value": value}) or "default" in entry
        }

    @property
    def encryption(self) -> dict[str, str]:
        return {key: str(value) for key, value in self.settings.items() if key in _ENCRYPTION}


def _read(path: Path) -> _File:
    settings = _keys(go_yaml.read(path), f"{path} has no settings")
    return _File(path, settings, _keys(settings.get("config"), f"{path}: `config` has no keys"))


def _read_stack(path: Path) -> _File:
    """Read a stack file; Pulumi passes over a key that it does not know, and deploys defaults."""
    file = _read(path)
    for key in map(str, file.settings):
        if key in _KEYS or key.startswith(_EXTENSION):
            continue
        near = get_close_matches(key.lower(), _KEYS, 1)
        hint = f"did you mean `{near[0]}`?" if near else "settings stand below `config`, indented"
        raise AutomationError(
            f"{path} has the key `{key}`, which Pulumi would pass over: a stack file may have "
            f"{', '.join(_KEYS)}; {hint}"
        )
    return file


def _keys(value: object, fault: str) -> Mapping[str, Any]:
    keys = dict[str, Any]() if value is None else _as_mapping(value)
    if keys is None:
        raise AutomationError(f"{fault} but {_text(value)}: expected keys with values")
    return keys


def _name(file: _File) -> str:
    name = file.settings.get("name")
    if not isinstance(name, str) or not name:
        raise AutomationError(f"{file.path} has no `name`: run this from the project's folder")
    return name


def _full(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _as_mapping(value: object) -> Mapping[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _has_secrets(value: object) -> bool:
    return value != _without_secrets(value)


def _without_secrets(value: object) -> object:
    if mapping := _as_mapping(value):
        if set(mapping) == {"secure"}:
            return SECRET
        return {key: _without_secrets(item) for key, item in mapping.items()}
    return (
        [_without_secrets(item) for item in cast("list[object]", value)] if isinstance(value, list) else value
    )
