"""The configuration of a pull request's stack: its base's, less what the two share."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import yaml

from automation.errors import AutomationError

ENCRYPTION: Final = ("secretsprovider", "encryptedkey", "encryptionsalt")

_OF_THE_BASE_ALONE: Final = frozenset(
    {
        "alarms",
        "autoscaling",
        "image-from",
        "monthly-budget-usd",
        "multidev",
        "preview-stacks",
        "protect",
        "rollout",
    }
)
"""What a copy of a service that somebody tries out goes without, though it could have it."""


def path_of(root: Path, stack: str) -> Path:
    """Where a stack's configuration is."""
    return root / f"Pulumi.{stack}.yaml"


def write(
    root: Path, project: str, stack: str, *, base: str, expires: datetime, shared: Collection[str]
) -> Path:
    """Write the configuration of a pull request's stack, or write it anew.

    Args:
        root: the project's folder.
        project: its name.
        stack: whose configuration it is.
        base: the stack that it attaches to.
        expires: when its time is up.
        shared: keys that belong to the base, by its settings.

    Raises:
        AutomationError: the base has no configuration, or one whose secrets nobody else can open.
    """
    document = _read(path_of(root, base), base)
    config: dict[str, Any] = document.get("config") or {}
    encryption = {key: document[key] for key in ENCRYPTION if key in document}
    if not encryption and _has_secrets(config):
        raise AutomationError(
            f"the secrets in Pulumi.{base}.yaml are encrypted by Pulumi Cloud for {base} alone, and {stack} "
            "could not open them: keep them in Secrets Manager or SSM and name their ARNs in `secrets`, or "
            f"give {base} a key that both can use (`pulumi stack change-secrets-provider`)"
        )
    left_out = _OF_THE_BASE_ALONE | set(shared)
    kept = {key: value for key, value in config.items() if _short(key, project) not in left_out}
    kept[f"{project}:attach-to"] = base
    kept[f"{project}:expires"] = written(expires)
    if "alarms" not in shared:
        # Without a word there would be some.
        kept[f"{project}:alarms"] = {"enabled": False}
    path = path_of(root, stack)
    text = yaml.safe_dump({**encryption, "config": kept}, sort_keys=False, allow_unicode=True)
    draft = path.with_suffix(".yaml.new")
    draft.write_text(
        f"# From Pulumi.{base}.yaml: `python -m automation up {stack}` writes it anew each time.\n{text}"
    )
    draft.replace(path)
    return path


def written(expires: datetime) -> str:
    """Return a time as `expires` has it."""
    return f"{expires.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _read(path: Path, base: str) -> dict[str, Any]:
    try:
        document: Any = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise AutomationError(
            f"there is no {path.name}, and so nothing to attach to: {base!r} has to be one of the stacks here"
        ) from None
    except yaml.YAMLError as error:
        raise AutomationError(f"{path.name} is no YAML: {error}") from error
    if not isinstance(document, dict):
        raise AutomationError(f"{path.name} holds no settings: expected `config:` with keys below it")
    return cast("dict[str, Any]", document)


def _short(key: str, project: str) -> str:
    """Return a key of the project without its prefix; those of others as they are."""
    return key.removeprefix(f"{project}:")


def _has_secrets(value: Any) -> bool:
    if isinstance(value, dict):
        mapping = cast("dict[str, Any]", value)
        return set(mapping) == {"secure"} or any(map(_has_secrets, mapping.values()))
    return isinstance(value, list) and any(map(_has_secrets, cast("list[Any]", value)))
