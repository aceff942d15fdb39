"""An app's `package.json`: its scripts, its dependencies and its version of Node."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from operator import eq, ge, gt, le, lt
from pathlib import Path
from typing import Any, Final, cast

import yaml

from automation.errors import AutomationError

LTS: Final = 24
"""The Node of an app without a version: the release line of the shipped app."""
_SUPPORTED: Final = (24, 26, 22)
"""Release lines that get security updates, in the order in which a range is tried."""
_NAMED: Final = {"iron": 20, "jod": 22, "krypton": 24}
"""https://github.com/nodejs/Release/blob/main/CODENAMES.md"""
_VERSION_FILES: Final = (".nvmrc", ".node-version", ".tool-versions")
_VERSION: Final = re.compile(r"v?(\d{1,9})(?:\.|$)")
_COMPARISON: Final = re.compile(r"(>=|<=|>|<|\^|~|=)?\s*v?(\d{1,9})(?:\.[\dx*]+)*")
_HYPHEN: Final = re.compile(r"(\S+)\s+-\s+(\S+)")
_COMPARE: Final = {"=": (eq, eq), ">=": (ge, ge), "<=": (le, le), ">": (gt, ge), "<": (lt, le)}
"""Without and with a minor version: `<22.12` allows some of 22, `<22` none of it."""
_FARTHEST_WORKSPACE: Final = 5
"""Folders above an app in which its workspace is looked for."""


@dataclass(frozen=True)
class Package:
    """A folder with a `package.json`."""

    folder: Path
    manifest: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Package | None:
        """Return the package in a folder; None if it has no `package.json`.

        Raises:
            AutomationError: the file cannot be read, or is not a JSON object.
        """
        path = folder / "package.json"
        try:
            manifest: object = json.loads(path.read_text("utf-8-sig"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AutomationError(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise AutomationError(f"{path} is not valid JSON: {error}") from error
        if not isinstance(manifest, dict):
            raise AutomationError(f"{path} is not a JSON object: `npm init` writes a valid one")
        return cls(folder, cast("dict[str, Any]", manifest))

    def text(self, key: str) -> str:
        """Return a text of the manifest; empty if it has none."""
        value = self.manifest.get(key)
        return value if isinstance(value, str) else ""

    def texts(self, key: str) -> dict[str, str]:
        """Return an object of texts of the manifest, such as `scripts`."""
        value = self.manifest.get(key)
        entries = cast("dict[str, object]", value) if isinstance(value, dict) else {}
        return {name: text for name, text in entries.items() if isinstance(text, str)}

    @property
    def scripts(self) -> dict[str, str]:
        """The scripts by name."""
        return self.texts("scripts")

    def depends_on(self, name: str) -> bool:
        """Whether the app needs a package, in production or for its build."""
        return name in self.texts("dependencies") or name in self.texts("devDependencies")

    def is_for_development(self, name: str) -> bool:
        """Whether a package is installed for development only."""
        return name in self.texts("devDependencies") and name not in self.texts("dependencies")

    @property
    def has_production_packages(self) -> bool:
        """Whether production needs any package."""
        return any(self.texts(key) for key in ("dependencies", "optionalDependencies"))

    @property
    def has_packages(self) -> bool:
        """Whether any package is installed."""
        return self.has_production_packages or bool(self.texts("devDependencies"))

    def node_version(self) -> int:
        """Return Node's major version: that of a version file, of `engines` or of Volta, else the LTS."""
        for name in _VERSION_FILES:
            text = read_text(self.folder / name)
            lines = [line.split("#")[0].strip() for line in text.splitlines()]
            if name == ".tool-versions":
                lines = [line.removeprefix("nodejs ").strip() for line in lines if line.startswith("nodejs ")]
            if lines and (major := _major(lines[0])):
                return major
        if major := _major(self.texts("volta").get("node", "")):
            return major
        wanted = self.texts("engines").get("node", "")
        return next((major for major in _SUPPORTED if _allows(wanted, major)), None) or _newest(wanted) or LTS


@dataclass(frozen=True)
class Workspace:
    """A monorepo that an app is a package of."""

    root: Package
    member: str
    """Path of the app in it, such as `apps/web`."""

    @classmethod
    def around(cls, folder: Path) -> Workspace | None:
        """Return the workspace that a folder belongs to; None if it stands alone."""
        parents = [*folder.resolve().parents][:_FARTHEST_WORKSPACE]
        for parent in parents:
            member = folder.resolve().relative_to(parent).as_posix()
            if any(fnmatch(member, pattern) for pattern in _members(parent)):
                root = Package.read(parent) or Package(parent, {})
                return cls(root, member)
            if (parent / ".git").exists():
                return None
        return None


def _members(folder: Path) -> Iterator[str]:
    """Yield the patterns of a workspace's packages."""
    package = Package.read(folder)
    listed: Any = package.manifest.get("workspaces") if package else None
    if isinstance(listed, dict):
        listed = cast("dict[str, Any]", listed).get("packages")
    try:
        pnpm: Any = yaml.safe_load(read_text(folder / "pnpm-workspace.yaml"))
    except yaml.YAMLError:
        pnpm = None
    if isinstance(pnpm, dict):
        listed = cast("dict[str, Any]", pnpm).get("packages") or listed
    for pattern in cast("list[object]", listed) if isinstance(listed, list) else ():
        if isinstance(pattern, str) and not pattern.startswith("!"):
            yield pattern.removeprefix("./").rstrip("/")


def _major(text: str) -> int | None:
    if text.startswith("lts/"):
        return _NAMED.get(text.removeprefix("lts/").lower(), LTS)
    match = _VERSION.match(text)
    return int(match[1]) if match else None


def _allows(wanted: str, major: int) -> bool:
    """Whether a range of versions has some of a major version."""
    return any(_satisfies(major, part) for part in wanted.split("||"))


def _satisfies(major: int, part: str) -> bool:
    comparisons = [*_comparisons(_HYPHEN.sub(r">=\1 <=\2", part))]
    return part.strip() in {"*", "x", "latest"} or (
        bool(comparisons)
        and all(_COMPARE[sign][has_minor](major, number) for sign, number, has_minor in comparisons)
    )


def _comparisons(part: str) -> Iterator[tuple[str, int, bool]]:
    """Yield the operator and the major version of each comparison, and whether it has a minor version."""
    for match in _COMPARISON.finditer(part):
        sign = match[1] if match[1] in _COMPARE else "="
        yield sign, int(match[2]), re.search(r"\.[1-9]", match[0]) is not None


def _newest(wanted: str) -> int | None:
    return max((number for _, number, _ in _comparisons(wanted)), default=None)


def read_text(path: Path) -> str:
    """Return the text of a file; empty if it cannot be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return ""
