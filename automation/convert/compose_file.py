"""A Compose file as Docker Compose reads it: several files, includes, variables, services that extend others.

https://docs.docker.com/reference/compose-file/
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from automation import go_yaml
from automation.convert.source import items, mapping, text_of, texts_of
from automation.errors import AutomationError

NAMES: Final = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""Names of Compose files, in the order in which Compose looks for them."""
OVERRIDES: Final = tuple(name.replace(".y", ".override.y") for name in NAMES)

_MAPS: Final = ("environment", "labels", "args", "annotations", "sysctls", "extra_hosts")
"""Lists of `NAME=value` that may be objects as well."""
_REPLACED: Final = ("command", "entrypoint", "test")
"""Lists that a later file replaces; to other lists it adds."""
_DEEPEST: Final = 20
_INNERMOST: Final = re.compile(
    r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([^${}]*))?\}|\$\$|\$([A-Za-z_][A-Za-z0-9_]*)"
)


@dataclass(frozen=True, kw_only=True)
class Project:
    """What one or more Compose files say together."""

    folder: Path
    """The folder that relative paths are seen from."""
    files: list[Path]
    services: dict[str, dict[str, Any]]
    secrets: dict[str, dict[str, Any]]
    volumes: dict[str, dict[str, Any]]
    unknown: set[str]
    """Variables without a value."""
    override: Path | None
    """The file for development beside it, which Compose would read too, and which is ignored here."""


def find(paths: Sequence[Path]) -> list[Path]:
    """Return the files to read: the named ones, or that of a folder.

    Raises:
        AutomationError: there is none.
    """
    files: list[Path] = []
    for path in paths or (Path(),):
        inside = next((path / name for name in NAMES if (path / name).exists()), None)
        if path.is_dir() and inside is None:
            raise AutomationError(f"{path} has no Compose file: none of {', '.join(NAMES)}")
        files.append(inside or path)
    return files


def read_project(paths: Sequence[Path], variables: Mapping[str, str]) -> Project:
    """Read Compose files, each merged into the ones before.

    Args:
        paths: the files.
        variables: values for `${NAME}`, which replace those of `.env`.

    Raises:
        AutomationError: a file cannot be read, is not valid YAML, or has no services.
    """
    files = find(paths)
    folder = files[0].parent
    dot_env = folder / ".env"
    reader = _Reader({**(variables_in(dot_env) if dot_env.is_file() else {}), **variables})
    merged: dict[str, Any] = {}
    for file in files:
        merged = combined(merged, reader.document(file, folder))
    objects = {
        key: {name: mapping(value) for name, value in mapping(merged.get(key)).items()}
        for key in ("services", "secrets", "volumes")
    }
    if not objects["services"]:
        raise AutomationError(f"{files[0]} has no services: expected a Compose file")
    override = next((folder / name for name in OVERRIDES if (folder / name).exists()), None)
    return Project(
        folder=folder,
        files=files,
        unknown=reader.unknown,
        override=override if override not in files else None,
        **objects,
    )


def combined(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file merged into another: objects are merged, lists are added to, other values are replaced.

    https://docs.docker.com/reference/compose-file/merge/
    """
    both = dict(base)
    for key, value in over.items():
        before = both.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            both[key] = combined(mapping(cast("object", before)), mapping(cast("object", value)))
        elif isinstance(value, list) and isinstance(before, list) and key not in _REPLACED:
            both[key] = [*before, *(item for item in items(cast("object", value)) if item not in before)]
        else:
            both[key] = value
    return both


def interpolated(text: str, variables: Mapping[str, str], unknown: set[str]) -> str:
    """Return a text with its variables replaced, as Compose does: `$A`, `${A:-b}`, `${A?c}`, `${A:+d}`, `$$`.

    Args:
        text: may have variables inside the defaults of others.
        variables: by name.
        unknown: gets the variables with neither a value nor a default, which are replaced by nothing.
    """
    dollar = "\0"

    def replace(match: re.Match[str]) -> str:
        name, sign, other = match[1] or match[4], match[2] or "", match[3] or ""
        if name is None:
            return dollar
        value = variables.get(name)
        is_set = value is not None and not (sign.startswith(":") and value == "")
        if sign.endswith("+"):
            return other if is_set else ""
        if is_set:
            return value or ""
        if not sign.endswith("-"):
            unknown.add(name)
            return ""
        return other

    for _ in range(_DEEPEST):
        changed = _INNERMOST.sub(replace, text)
        if changed == text:
            break
        text = changed
    return text.replace(dollar, "$")


class _Reader:
    """Reads files with the values of variables."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.unknown: set[str] = set()

    def document(self, file: Path, folder: Path, depth: int = 0) -> dict[str, Any]:
        """Return the content of a file, with what it includes and what its services extend."""
        if depth > _DEEPEST:
            raise AutomationError(f"{file} includes or extends itself")
        raw = go_yaml.read_plain(file)
        if not isinstance(raw, dict):
            raise AutomationError(f"{file} has no keys: expected a Compose file")
        document = mapping(self._replaced(cast("object", raw)))
        merged: dict[str, Any] = {}
        for include in items(document.pop("include", None)):
            paths = mapping(include).get("path", include)
            for name in texts_of(items(paths) or [paths]):
                path = file.parent / name
                inner = self.document(path, file.parent, depth + 1)
                merged = combined(merged, _moved(inner, path.parent, folder))
        services = mapping(document.get("services"))
        document["services"] = {
            name: self._extended(mapping(service), services, file, folder, depth)
            for name, service in services.items()
        }
        return combined(merged, document)

    def _replaced(self, value: Any) -> Any:
        """Return a value with its variables replaced, and its lists of `NAME=value` as objects."""
        if isinstance(value, dict):
            fields = cast("dict[str, Any]", value)
            return {key: _as_object(key, self._replaced(item)) for key, item in fields.items()}
        if isinstance(value, list):
            return [self._replaced(item) for item in cast("list[Any]", value)]
        if not isinstance(value, str) or "$" not in value:
            return value
        return type(value)(interpolated(str(value), self._variables, self.unknown))

    def _extended(
        self, service: dict[str, Any], services: Mapping[str, Any], file: Path, folder: Path, depth: int
    ) -> dict[str, Any]:
        """Return a service merged into the one that it extends."""
        service = dict(service)
        extends = service.pop("extends", None)
        if extends is None:
            return service
        if depth > _DEEPEST:
            raise AutomationError(f"{file}: a service extends itself")
        name = text_of(extends) or text_of(mapping(extends).get("service")) or ""
        other = text_of(mapping(extends).get("file"))
        path = file if other is None else file.parent / other
        if other is not None:
            moved = _moved(self.document(path, path.parent, depth + 1), path.parent, folder)
            services = mapping(moved.get("services"))
        if name not in services:
            raise AutomationError(f"{path}: there is no service {name!r}, which another service extends")
        base = mapping(services[name])
        if other is None:
            base = self._extended(base, services, file, folder, depth + 1)
        return combined({key: value for key, value in base.items() if key != "depends_on"}, service)


def _moved(document: dict[str, Any], folder: Path, other: Path) -> dict[str, Any]:
    """Return a document of one folder with its relative paths as seen from another one."""
    if folder.resolve() == other.resolve():
        return document

    def moved(path: Any) -> Any:
        return str(folder / path) if isinstance(path, str) and not Path(path).is_absolute() else path

    for service in map(mapping, mapping(document.get("services")).values()):
        if isinstance(service.get("build"), str):
            service["build"] = moved(service["build"])
        elif (build := mapping(service.get("build"))).get("context") is not None:
            build["context"] = moved(build["context"])
        if files := service.get("env_file"):
            service["env_file"] = moved(files) if isinstance(files, str) else [*map(moved, items(files))]
    return document


def _as_object(key: str, value: Any) -> Any:
    """Return a list of `NAME=value`, or of services that one depends on, as an object."""
    texts = [*map(str, items(value))]
    if not texts or key not in (*_MAPS, "depends_on"):
        return value
    if key == "depends_on":
        return {name: {"condition": "service_started"} for name in texts}
    return {name: text if equals else None for name, equals, text in (pair.partition("=") for pair in texts)}


def variables_in(path: Path) -> dict[str, str]:
    """Return the variables of a file.

    Raises:
        AutomationError: it cannot be read.
    """
    from dotenv import dotenv_values

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AutomationError(f"{path} cannot be read: {error}") from error
    return {
        name: value or ""
        for name, value in dotenv_values(stream=io.StringIO(text), interpolate=False).items()
    }


def value_text(value: object) -> str | None:
    """Return a variable's value as Compose passes it on: as Go reads it, so that `0420` is 272."""
    if not isinstance(value, str):
        return None
    read = go_yaml.value_of(value)
    if isinstance(read, bool):
        return str(read).lower()
    return repr(read) if isinstance(read, float) else str(read)
