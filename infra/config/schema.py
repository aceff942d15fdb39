"""The keys that `Pulumi.yaml` declares: the only place with their types, defaults and meanings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT_ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class DeclaredKey:
    """One key of this project."""

    name: str
    type: str | None
    """None for what Pulumi's schema cannot express: the CLI then checks nothing."""
    default: object
    description: str


@dataclass(frozen=True, kw_only=True)
class Schema:
    """What `Pulumi.yaml` says of the configuration."""

    keys: Mapping[str, DeclaredKey]
    """By name, without the project's prefix, in the order of the file."""
    presets: Mapping[str, object]
    """Values for other namespaces, such as `aws:region`."""

    @property
    def defaults(self) -> dict[str, object]:
        """The default of each key."""
        return {key.name: key.default for key in self.keys.values()}


@cache
def load_schema(root: Path = PROJECT_ROOT) -> Schema:
    """Read `Pulumi.yaml` in the project's root."""
    # The CLI has checked the file's own form before any program runs.
    document = cast("dict[str, Any]", yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8")))
    declared = cast("dict[str, dict[str, Any]]", document["config"])
    return Schema(
        keys={
            name: DeclaredKey(
                name=name,
                type=entry.get("type"),
                default=entry["default"],
                description=entry["description"],
            )
            for name, entry in declared.items()
            if ":" not in name
        },
        presets={name: entry["value"] for name, entry in declared.items() if ":" in name},
    )
