"""A `copilot` folder: its manifests as Copilot reads them, for one environment at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from automation import go_yaml
from automation.convert.source import mapping, text_of
from automation.errors import AutomationError

LOAD_BALANCED: Final = "Load Balanced Web Service"
BACKEND: Final = "Backend Service"
WORKER: Final = "Worker Service"
JOB: Final = "Scheduled Job"
REQUEST_DRIVEN: Final = "Request-Driven Web Service"
STATIC_SITE: Final = "Static Site"
CONVERTED: Final = (LOAD_BALANCED, BACKEND, WORKER, JOB)
INSTEAD: Final[Mapping[str, str]] = {
    REQUEST_DRIVEN: (
        "runs on App Runner, not on ECS. Change its `type` to Load Balanced Web Service, its `http` to "
        "`path` and `healthcheck`, and convert it again"
    ),
    STATIC_SITE: (
        "is a bucket behind CloudFront, not a service. Keep it as it is, or serve the files by a service"
    ),
}
"""Types that become no service, and what to do with them."""

UNKNOWN: Final = "\ue000"
"""Stands for the dollar of a variable that has no value: an escaped one is text."""

_ENVIRONMENT: Final = "Environment"
_VARIABLE: Final = re.compile(r"(\\?)\$\{([_a-zA-Z][_a-zA-Z0-9]*)\}")
_RESOURCE_TYPE: Final = re.compile(r"^\s+Type:\s*['\"]?(AWS::[A-Za-z0-9:]+)", re.MULTILINE)
_PATCHED: Final = re.compile(r"^\s*-?\s*path:\s*['\"]?(\S+?)['\"]?\s*$", re.MULTILINE)
_USUAL_ENVIRONMENT: Final = "test"
_TEMPLATES: Final = (".yml", ".yaml", ".template")


@dataclass(frozen=True)
class Manifest:
    """The manifest of a service or a job, with its environments' overrides."""

    name: str
    type: str
    path: Path
    values: Mapping[str, Any]

    @property
    def environments(self) -> list[str]:
        """The environments that override something."""
        return list(mapping(self.values.get("environments")))

    def of(self, environment: str) -> dict[str, Any]:
        """Return what holds in an environment."""
        own = {key: value for key, value in self.values.items() if key != "environments"}
        return merged(own, mapping(mapping(self.values.get("environments")).get(environment)))


@dataclass(frozen=True)
class Extra:
    """Something beside the manifests: addons, overrides, pipelines."""

    kind: str
    owner: str
    """The workload or `environments`; empty for pipelines."""
    path: Path
    holds: tuple[str, ...] = ()
    """Types of resources, or patched places."""


@dataclass(frozen=True)
class Workspace:
    """A `copilot` folder."""

    app: str
    """The application's name."""
    is_app_known: bool
    root: Path
    """The folder that paths in manifests are seen from."""
    manifests: list[Manifest]
    environments: Mapping[str, Mapping[str, Any]]
    """Manifests of environments by name; an empty one for those that have none."""
    extras: list[Extra] = field(default_factory=list[Extra])


def read_workspace(folder: Path, *, app: str | None = None) -> Workspace:
    """Read a `copilot` folder, or the folder that has one.

    Raises:
        AutomationError: there is no manifest, or one is not valid YAML, or has no type that Copilot knows.
    """
    if (folder / "copilot").is_dir() and not (folder / ".workspace").exists():
        folder /= "copilot"
    if not folder.is_dir():
        raise AutomationError(f"there is no folder {folder}: name the one with Copilot's manifests")
    manifests: list[Manifest] = []
    environments: dict[str, Mapping[str, Any]] = {}
    for path in sorted({*folder.glob("*/manifest.y*ml"), *folder.glob("environments/*/manifest.y*ml")}):
        values = _manifest(path)
        kind = text_of(values.get("type")) or ""
        name = text_of(values.get("name")) or path.parent.name
        if kind == _ENVIRONMENT or path.parent.parent.name == "environments":
            environments[name] = values
        elif kind in (*CONVERTED, *INSTEAD):
            manifests.append(Manifest(name, kind, path, values))
        else:
            known = ", ".join((*CONVERTED, *INSTEAD))
            raise AutomationError(f"{path}: type {kind!r} is none of Copilot's: {known}")
    if not manifests:
        raise AutomationError(
            f"{folder} has no manifest: expected <service>/manifest.yml in it, as `copilot svc init`"
            " writes it"
        )
    extras = [*_extras(folder)]
    for manifest in manifests:
        for name in manifest.environments:
            environments.setdefault(name, {})
    for name in (name for extra in extras if extra.kind == "pipeline" for name in extra.holds):
        environments.setdefault(name, {})
    known = app or _application(folder / ".workspace")
    return Workspace(
        app=known or folder.resolve().parent.name,
        is_app_known=known is not None,
        root=folder.parent,
        manifests=manifests,
        environments=environments or {_USUAL_ENVIRONMENT: {}},
        extras=extras,
    )


def merged(base: Mapping[str, Any], over: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return values with an environment's overrides, by Copilot's rules.

    Objects are merged, however deep; lists and scalars are replaced, and what is empty replaces nothing. Of
    fields that exclude each other the override's counts.
    https://github.com/aws/copilot-cli/blob/v1.33.4/internal/pkg/manifest/transform.go
    """
    both = dict(base)
    for key, value in over.items():
        below, here = both.get(key), f"{path}.{key}".removeprefix(".")
        if value is None or value in ({}, []):
            continue
        if isinstance(value, dict) and isinstance(below, dict):
            inner = cast("dict[str, Any]", value)
            both[key] = merged(_without_excluded(cast("dict[str, Any]", below), inner, here), inner, here)
        else:
            both[key] = value
    return both


def _without_excluded(base: dict[str, Any], over: dict[str, Any], path: str) -> dict[str, Any]:
    gone: set[str] = set()
    name = path.rpartition(".")[2]
    for one, other in (("build", "location"), ("location", "build")) if name == "image" else ():
        gone |= {other} if one in over else set()
    if name == "count":
        gone |= set(base) if "spot" in over else {"spot"} if over else set()
    if name == "efs":
        gone |= {"id", "root_dir", "auth"} if {"uid", "gid"} & set(over) else {"uid", "gid"}
    if path.startswith("secrets."):
        gone |= set(base)
    return {key: value for key, value in base.items() if key not in gone}


def interpolated(value: Any, variables: Mapping[str, str], unknown: set[str]) -> Any:
    """Return a value with `${NAME}` replaced in its texts, as Copilot does.

    Args:
        value: with objects and lists.
        variables: by name.
        unknown: gets the other names, which stay with `UNKNOWN` in the place of the dollar.
    """
    if isinstance(value, dict):
        return {
            key: interpolated(item, variables, unknown) for key, item in cast("dict[str, Any]", value).items()
        }
    if isinstance(value, list):
        return [interpolated(item, variables, unknown) for item in cast("list[Any]", value)]
    if not isinstance(value, str) or "${" not in value:
        return value

    def replace(found: re.Match[str]) -> str:
        if found[1]:
            return found[0][1:]
        if found[2] not in variables:
            unknown.add(found[2])
            return f"{UNKNOWN}{{{found[2]}}}"
        return variables[found[2]]

    text = _VARIABLE.sub(replace, value)
    try:
        listed = json.loads(text) if text.startswith("[") else None
    except ValueError:
        listed = None
    if isinstance(listed, list) and listed:
        items = cast("list[object]", listed)
        if all(isinstance(item, str) for item in items):
            return items
    return type(value)(text)


def _manifest(path: Path) -> dict[str, Any]:
    values = go_yaml.read_plain(path)
    if not isinstance(values, dict):
        raise AutomationError(f"{path} has no fields: expected a manifest of Copilot's")
    return cast("dict[str, Any]", values)


def _application(path: Path) -> str | None:
    return text_of(mapping(go_yaml.read_plain(path)).get("application")) if path.exists() else None


def _extras(folder: Path) -> Iterator[Extra]:
    for path in sorted(folder.glob("**/addons/*")):
        if path.suffix in _TEMPLATES and not path.name.startswith("addons.parameters"):
            types = dict.fromkeys(_RESOURCE_TYPE.findall(_text(path)))
            yield Extra("addon", path.parent.parent.name, path, tuple(types))
    for path in sorted(folder.glob("**/overrides")):
        if path.is_dir():
            patches = [*path.glob("cfn.patches.y*ml")]
            places = [place for one in patches for place in _PATCHED.findall(_text(one))]
            yield Extra("overrides", path.parent.name, path, tuple(places))
    pipelines = {*folder.glob("pipeline.y*ml"), *folder.glob("pipelines/*/manifest.y*ml")}
    for path in sorted(pipelines):
        stages = mapping(go_yaml.read_plain(path)).get("stages")
        names = [text_of(mapping(stage).get("name")) for stage in cast("list[Any]", stages or [])]
        yield Extra("pipeline", "", path, tuple(filter(None, names)))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
