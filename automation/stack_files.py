"""`Pulumi.yaml` and stack files, read as the Pulumi CLI reads them; derived stack files."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, cast

from automation import go_yaml
from automation.errors import AutomationError

SECRET: Final = "[secret]"  # noqa: S105 -- not one
"""Stands for an encrypted value, which only the CLI can decrypt."""

STACK_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
STACK_NAME_RULE: Final = "letters, digits, - and _, at most 100"

_KEYS: Final = (
    "config",
    "secretsprovider",
    "encryptedkey",
    "encryptionsalt",
    "environment",
    "mainEnvironment",
)
"""Keys of a stack file: `ProjectStack` in sdk/go/common/workspace/project.go of pulumi/pulumi."""
_EXTENSION: Final = "x-"
"""Prefix of keys for YAML anchors."""
_ENCRYPTION: Final = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""Keys with which another stack can decrypt the base's secrets."""


def path_of(root: Path, stack: str) -> Path:
    """Return the path of a stack's file."""
    return root / f"Pulumi.{stack}.yaml"


def stack_names(root: Path) -> list[str]:
    """Return the stacks that have a file, sorted."""
    return sorted(path.name.removeprefix("Pulumi.")[: -len(".yaml")] for path in root.glob("Pulumi.*.yaml"))


def project_name(root: Path) -> str:
    """Return the project's name.

    Raises:
        AutomationError: `Pulumi.yaml` is missing, invalid, or has no name.
    """
    return _project_name(_read_file(root / "Pulumi.yaml"))


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """A stack's configuration, as the CLI passes it to the program."""

    project: str
    stack: str
    values: Mapping[str, str]
    """Text by full key, such as `aws:region`: objects and lists as JSON, `SECRET` for encrypted values."""
    secret_keys: list[str]
    """Full keys of values that are encrypted, at least in part."""

    @property
    def region(self) -> str:
        """The AWS region."""
        return self.values["aws:region"]


def read_config(root: Path, stack: str) -> StackConfig:
    """Return a stack's configuration, with the values and defaults of `Pulumi.yaml`.

    Raises:
        AutomationError: a file is missing or invalid.
    """
    file = _read_file_of(root, stack)
    project_file = _read_file(root / "Pulumi.yaml")
    project = _project_name(project_file)
    own = {_full_key(key, project): value for key, value in file.config.items()}
    values = {**{_full_key(key, project): value for key, value in project_file.defaults.items()}, **own}
    return StackConfig(
        project=project,
        stack=stack,
        values={key: _text(_without_secrets(value)) for key, value in values.items()},
        secret_keys=[key for key, value in own.items() if _has_secrets(value)],
    )


def without_file(root: Path, stack: str) -> AutomationError:
    """Return the error about a stack without a file; it names the stacks that have one."""
    if not STACK_NAME.fullmatch(stack):
        return AutomationError(f"{stack!r} cannot name a stack: {STACK_NAME_RULE}")
    names = stack_names(root)
    near = get_close_matches(stack, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"`python -m automation init --stacks {stack}` writes it"
    return AutomationError(
        f"stack {stack!r} has no file {path_of(root, stack).name}: there are {', '.join(names) or 'none'}; "
        f"{hint}"
    )


def encryption_lines(path: Path) -> str:
    """Return the lines of a stack file with which Pulumi decrypts its secrets; empty without a file.

    Raises:
        AutomationError: the file cannot be read, or is invalid.
    """
    encryption = _read_stack_file(path).encryption if path.exists() else {}
    return go_yaml.text_of(encryption) if encryption else ""


@dataclass(frozen=True, kw_only=True)
class DerivedStackFile:
    """The file of a temporary stack, derived from another stack's."""

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
        """Write or replace the file: the base's values, with changes.

        Args:
            left_out: keys of the project that are not copied.
            changes: values by full key, such as `aws:region`.
            command: the command that writes it, for the file's first line.

        Raises:
            AutomationError: the base's file is missing or invalid, or only the base can decrypt its secrets.
        """
        base = _read_file_of(self.root, self.base)
        replaced = {*changes, *(f"{self.project}:{key}" for key in left_out)}
        copied = {
            key: value for key, value in base.config.items() if _full_key(key, self.project) not in replaced
        }
        encryption = base.encryption
        if not encryption and _has_secrets(copied):
            raise AutomationError(
                f"the secrets in {base.path.name} are encrypted by Pulumi Cloud for {self.base} alone and "
                f"{self.stack} could not decrypt them: keep them in Secrets Manager or SSM and name their "
                f"ARNs in `secrets`, or give {self.base} a key that both can use (`pulumi stack "
                "change-secrets-provider`)"
            )
        if not encryption and self.path.exists():
            # Pulumi wrote it into the file when it created the stack.
            encryption = _read_stack_file(self.path).encryption
        text = go_yaml.text_of({**encryption, "config": {**copied, **changes}})
        draft = self.path.with_suffix(".yaml.new")
        draft.write_text(f"# From {base.path.name}: `{command}` replaces this file.\n{text}", "utf-8")
        draft.replace(self.path)

    def encryption_of_base(self) -> Mapping[str, str]:
        """Return the keys that say how the base's secrets are encrypted."""
        return _read_file_of(self.root, self.base).encryption


@dataclass(frozen=True)
class _YamlFile:
    """A valid `Pulumi.yaml` or stack file."""

    path: Path
    settings: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def defaults(self) -> dict[str, Any]:
        """The values and defaults of `Pulumi.yaml`."""
        return {
            key: entry["value"] if "value" in entry else entry["default"]
            for key, value in self.config.items()
            if "value" in (entry := _as_mapping(value) or {"value": value}) or "default" in entry
        }

    @property
    def encryption(self) -> dict[str, str]:
        return {key: str(value) for key, value in self.settings.items() if key in _ENCRYPTION}


def _read_file(path: Path) -> _YamlFile:
    settings = _mapping(go_yaml.read(path), str(path))
    return _YamlFile(path, settings, _mapping(settings.get("config"), f"`config` in {path}"))


def _read_file_of(root: Path, stack: str) -> _YamlFile:
    path = path_of(root, stack)
    if not path.exists():
        raise without_file(root, stack)
    return _read_stack_file(path)


def _read_stack_file(path: Path) -> _YamlFile:
    """Read a stack file; an unknown key, which Pulumi would ignore, is an error."""
    file = _read_file(path)
    for key in map(str, file.settings):
        if key in _KEYS or key.startswith(_EXTENSION):
            continue
        near = get_close_matches(key.lower(), _KEYS, 1)
        hint = f"did you mean `{near[0]}`?" if near else "settings belong under `config`, indented"
        raise AutomationError(
            f"{path} has the key `{key}`, which Pulumi would ignore: a stack file may have "
            f"{', '.join(_KEYS)}; {hint}"
        )
    return file


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    mapping = dict[str, Any]() if value is None else _as_mapping(value)
    if mapping is None:
        raise AutomationError(f"{what} must be a mapping of keys to values, and is {_text(value)!r}")
    return mapping


def _project_name(file: _YamlFile) -> str:
    name = file.settings.get("name")
    if not isinstance(name, str) or not name:
        raise AutomationError(f"{file.path} has no `name`: run this from the project's folder")
    return name


def _full_key(key: str, project: str) -> str:
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
