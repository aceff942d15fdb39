"""Stack files that are made from another stack's, for stacks that do not last."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import yaml

from automation.errors import AutomationError

_ENCRYPTION: Final = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""With these lines another stack can open what the base has encrypted."""


def path_of(root: Path, stack: str) -> Path:
    """Where a stack's configuration is."""
    return root / f"Pulumi.{stack}.yaml"


@dataclass(frozen=True, kw_only=True)
class Derived:
    """A stack file that follows from another one."""

    root: Path
    """The project's folder."""
    project: str
    stack: str
    base: str

    @property
    def path(self) -> Path:
        """Where the file is."""
        return path_of(self.root, self.stack)

    def write(self, *, left_out: Collection[str], changes: Mapping[str, Any], command: str) -> None:
        """Write the file anew.

        Args:
            left_out: the project's keys that are not taken over.
            changes: values by full key, such as `aws:region`.
            command: the one that writes it, for who finds the file.

        Raises:
            AutomationError: the base has no configuration, or one whose secrets nobody else can open.
        """
        document = self._read_base()
        config: dict[str, Any] = document.get("config") or {}
        encryption = _encryption(document)
        kept = {
            key: value
            for key, value in config.items()
            if key.removeprefix(f"{self.project}:") not in left_out
        }
        if not encryption and _has_secrets(kept):
            raise AutomationError(
                f"the secrets in Pulumi.{self.base}.yaml are encrypted by Pulumi Cloud for {self.base} alone "
                f"and {self.stack} could not open them: keep them in Secrets Manager or SSM and name their "
                f"ARNs in `secrets`, or give {self.base} a key that both can use (`pulumi stack "
                "change-secrets-provider`)"
            )
        text = yaml.safe_dump(
            # Without any of the base's, what Pulumi has written into the file when it made the stack.
            {**(encryption or self._own_encryption()), "config": {**kept, **changes}},
            sort_keys=False,
            allow_unicode=True,
        )
        draft = self.path.with_suffix(".yaml.new")
        draft.write_text(f"# From Pulumi.{self.base}.yaml: `{command}` writes it anew each time.\n{text}")
        draft.replace(self.path)

    def encryption_of_base(self) -> Mapping[str, str]:
        """Return the lines that say how the base's secrets are encrypted."""
        return _encryption(self._read_base())

    def _own_encryption(self) -> dict[str, Any]:
        return _encryption(yaml.safe_load(self.path.read_text()) or {}) if self.path.exists() else {}

    def _read_base(self) -> dict[str, Any]:
        source = path_of(self.root, self.base)
        try:
            document: Any = yaml.safe_load(source.read_text())
        except FileNotFoundError:
            raise AutomationError(
                f"there is no {source.name}, from which {self.path.name} is made: {self.base!r} has to be "
                "one of the stacks here"
            ) from None
        except yaml.YAMLError as error:
            raise AutomationError(f"{source.name} is no YAML: {error}") from error
        if not isinstance(document, dict):
            raise AutomationError(f"{source.name} holds no settings: expected `config:` with keys below it")
        return cast("dict[str, Any]", document)


def _encryption(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: document[key] for key in _ENCRYPTION if key in document}


def _has_secrets(value: Any) -> bool:
    if isinstance(value, dict):
        mapping = cast("dict[str, Any]", value)
        return set(mapping) == {"secure"} or any(map(_has_secrets, mapping.values()))
    return isinstance(value, list) and any(map(_has_secrets, cast("list[Any]", value)))
