"""A `copilot` folder: its manifests as Copilot reads them, for one environment at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from automation import go_yaml
from automation.convert.source import items, mapping, text_of, texts_of
from automation.errors import AutomationError

LOAD_BALANCED: Final = "Load Balanced Web Service"
BACKEND: Final = "Backend Service"
WORKER: Final = "Worker Service"
JOB: Final = "Scheduled Job"
CONVERTED: Final = (LOAD_BALANCED, BACKEND, WORKER, JOB)
INSTEAD: Final[Mapping[str, str]] = {
    "Request-Driven Web Service": (
        "runs on App Runner, not on ECS. Change its `type` to Load Balanced Web Service, its `http` to "
        "`path` and `healthcheck`, and convert it again"
    ),
    "Static Site": (
        "is a bucket behind CloudFront, not a service. Keep it as it is, or serve the files by a service"
    ),
}
"""Types that are not converted, and what to do with them."""

UNKNOWN: Final = "\ue000"
"""Stands for the dollar of a variable without a value: an escaped dollar is text."""

_ENVIRONMENT: Final = "Environment"
_VARIABLE: Final = re.compile(r"(\\?)\$\{([_a-zA-Z][_a-zA-Z0-9]*)\}")
_RESOURCE_TYPE: Final = re.compile(r"^\s+Type:\s*['\"]?(AWS::[A-Za-z0-9:]+)", re.MULTILINE)
_PATCHED: Final = re.compile(r"^\s*-?\s*path:\s*['\"]?(\S+?)['\"]?\s*$", re.MULTILINE)
_USUAL_ENVIRONMENT: Final = "test"
_TEMPLATES: Final = (".yml", ".yaml", ".template")


@dataclass(frozen=True)
class Manifest:
    """The manifest of a service or a job, with the overrides of its environments."""

    name: str
    type: str
    values: Mapping[str, Any]

    @property
    def environments(self) -> list[str]:
        """The environments with overrides."""
        return list(mapping(self.values.get("environments")))

    def of(self, environment: str) -> dict[str, Any]:
        """Return the fields for an environment."""
        own = {key: value for key, value in self.values.items() if key != "environments"}
        return merged(own, mapping(mapping(self.values.get("environments")).get(environment)))


@dataclass(frozen=True)
class Extra:
    """Something beside the manifests: addons, overrides, pipelines."""

    kind: str
    owner: str
    """The workload or `environments`; empty for pipelines."""
    path: Path
    contents: tuple[str, ...]
    """Types of resources, patched paths, or stages."""


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A `copilot` folder."""

    app: str
    """The application's name."""
    is_app_known: bool
    """Whether the name is not just that of the folder."""
    root: Path
    """The folder around it."""
    manifests: list[Manifest]
    environments: Mapping[str, Mapping[str, Any]]
    """Manifests of environments by name; an empty one for those that have none."""
    extras: list[Extra]


def read_workspace(folder: Path, *, app: str | None = None) -> Workspace:
    """Read a `copilot` folder, or the folder that has one.

    Raises:
        AutomationError: there is no manifest, or one is not valid YAML, or has an unknown type.
    """
    if (folder / "copilot").is_dir() and not (folder / ".workspace").exists():
        folder /= "copilot"
    if not folder.is_dir():
        raise AutomationError(f"there is no folder {folder}: name the one with Copilot's manifests")
    manifests: list[Manifest] = []
    environments: dict[str, Mapping[str, Any]] = {}
    for path in sorted({*folder.glob("*/manifest.y*ml"), *folder.glob("environments/*/manifest.y*ml")}):
        values = go_yaml.read_plain(path)
        if not isinstance(values, dict):
            raise AutomationError(f"{path} has no fields: expected a manifest of Copilot's")
        values = cast("dict[str, Any]", values)
        kind, name = text_of(values.get("type")) or "", text_of(values.get("name")) or path.parent.name
        if kind == _ENVIRONMENT or path.parent.parent.name == "environments":
            environments[name] = values
        elif kind in (*CONVERTED, *INSTEAD):
            manifests.append(Manifest(name, kind, values))
        else:
            known = ", ".join((*CONVERTED, *INSTEAD))
            raise AutomationError(f"{path}: type {kind!r} is none of Copilot's: {known}")
    if not manifests:
        raise AutomationError(
            f"{folder} has no manifest: expected <service>/manifest.yml in it, as `copilot svc init`"
            " writes it"
        )
    extras = [*_extras(folder)]
    stages = [stage for extra in extras if extra.kind == "pipeline" for stage in extra.contents]
    for name in [*(name for manifest in manifests for name in manifest.environments), *stages]:
        environments.setdefault(name, {})
    file = folder / ".workspace"
    known = app or (text_of(mapping(go_yaml.read_plain(file)).get("application")) if file.exists() else None)
    return Workspace(
        app=known or folder.resolve().parent.name,
        is_app_known=known is not None,
        root=folder.parent,
        manifests=manifests,
        environments=environments or {_USUAL_ENVIRONMENT: {}},
        extras=extras,
    )


def merged(base: Mapping[str, Any], over: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return fields with an environment's overrides, by Copilot's rules.

    Objects are merged, however deep; lists and scalars are replaced; empty values replace nothing. Of fields
    that exclude each other the override's counts.
    https://github.com/aws/copilot-cli/blob/v1.33.4/internal/pkg/manifest/transform.go
    """
    both = dict(base)
    for key, value in over.items():
        if value is None or value in ({}, []):
            continue
        before, inner = mapping(both.get(key)), f"{path}.{key}".removeprefix(".")
        own = mapping(value)
        both[key] = merged(_without_excluded(before, own, inner), own, inner) if before and own else value
    return both


def _without_excluded(base: dict[str, Any], over: dict[str, Any], path: str) -> dict[str, Any]:
    """Return fields without those that an override excludes."""
    excluded: set[str] = set()
    name = path.rpartition(".")[2]
    if name == "image":
        excluded = {other for own, other in (("build", "location"), ("location", "build")) if own in over}
    elif name == "count":
        excluded = {*base} if "spot" in over else {"spot"}
    elif name == "efs":
        excluded = {"id", "root_dir", "auth"} if {"uid", "gid"} & {*over} else {"uid", "gid"}
    elif path.startswith("secrets."):
        excluded = {*base}
    return {key: value for key, value in base.items() if key not in excluded}


def interpolated(value: Any, variables: Mapping[str, str], unknown: set[str]) -> Any:
    """Return a value with `${NAME}` replaced in its texts, as Copilot does.

    Args:
        value: with objects and lists.
        variables: by name.
        unknown: gets the names without a value, which are kept, with `UNKNOWN` in place of the dollar.
    """
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {key: interpolated(item, variables, unknown) for key, item in fields.items()}
    if isinstance(value, list):
        return [interpolated(item, variables, unknown) for item in cast("list[Any]", value)]
    if not isinstance(value, str) or "${" not in value:
        return value

    def replace(match: re.Match[str]) -> str:
        escape, name = match.groups()
        if escape:
            return match[0][1:]
        if name not in variables:
            unknown.add(name)
            return f"{UNKNOWN}{{{name}}}"
        return variables[name]

    text = _VARIABLE.sub(replace, value)
    try:
        listed = items(json.loads(text)) if text.startswith("[") else []
    except ValueError:
        listed = []
    is_list_of_texts = bool(listed) and all(isinstance(item, str) for item in listed)
    return listed if is_list_of_texts else type(value)(text)


def shown(value: Any) -> Any:
    """Return a value with the dollars of variables without a value."""
    if isinstance(value, dict):
        return {key: shown(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [shown(item) for item in cast("list[Any]", value)]
    return value.replace(UNKNOWN, "$") if isinstance(value, str) else value


def _extras(folder: Path) -> Iterator[Extra]:
    for path in sorted(folder.glob("**/addons/*")):
        if path.suffix in _TEMPLATES and not path.name.startswith("addons.parameters"):
            types = dict.fromkeys(_RESOURCE_TYPE.findall(_text(path)))
            yield Extra("addon", path.parent.parent.name, path, tuple(types))
    for path in (path for path in sorted(folder.glob("**/overrides")) if path.is_dir()):
        patched = [patch for file in path.glob("cfn.patches.y*ml") for patch in _PATCHED.findall(_text(file))]
        yield Extra("overrides", path.parent.name, path, tuple(patched))
    for path in sorted({*folder.glob("pipeline.y*ml"), *folder.glob("pipelines/*/manifest.y*ml")}):
        stages = items(mapping(go_yaml.read_plain(path)).get("stages"))
        yield Extra("pipeline", "", path, tuple(texts_of([mapping(stage).get("name") for stage in stages])))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
