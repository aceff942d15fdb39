"""A Compose file as Docker Compose reads it: several files, includes, variables, what a service extends.

https://docs.docker.com/reference/compose-file/
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from automation import go_yaml
from automation.convert.source import items, mapping, text_of
from automation.errors import AutomationError

NAMES: Final = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""Names of Compose files, in the order in which Compose looks for them."""
OVERRIDES: Final = tuple(name.replace(".y", ".override.y") for name in NAMES)

_MAPS: Final = ("environment", "labels", "args", "annotations", "sysctls", "extra_hosts")
"""Lists of `NAME=value` that may be objects as well."""
_REPLACED: Final = ("command", "entrypoint", "test")
"""Lists that a later file replaces, where others are added to."""
_DEEPEST: Final = 20
_INNERMOST: Final = re.compile(
    r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::?[-?+][^${}]*)?\}|\$\$|\$[A-Za-z_][A-Za-z0-9_]*"
)


@dataclass
class Project:
    """What one or more Compose files say."""

    folder: Path
    """The folder that relative paths are seen from."""
    files: list[Path]
    services: dict[str, dict[str, Any]]
    secrets: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    volumes: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    name: str | None = None
    unknown: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Variables without a value, with the services that name them."""
    override: Path | None = None
    """A file beside it that Compose would read too, and that is left out: it is for development."""


def find(paths: Sequence[Path]) -> list[Path]:
    """Return the files to read: those that are named, or the one of a folder.

    Raises:
        AutomationError: there is none.
    """
    found: list[Path] = []
    for path in paths or (Path(),):
        if path.is_dir():
            inside = next((path / name for name in NAMES if (path / name).exists()), None)
            if inside is None:
                raise AutomationError(f"{path} has no Compose file: none of {', '.join(NAMES)}")
            found.append(inside)
        else:
            found.append(path)
    return found


def read_project(paths: Sequence[Path], variables: Mapping[str, str]) -> Project:
    """Read Compose files, each over the ones before.

    Args:
        paths: the files.
        variables: values for `${NAME}`, before those of `.env`.

    Raises:
        AutomationError: a file cannot be read, is not valid YAML, or has no services.
    """
    files = find(paths)
    folder = files[0].parent
    known = {**_dot_env(folder / ".env"), **variables}
    reader = _Reader(known)
    merged: dict[str, Any] = {}
    for file in files:
        merged = combined(merged, reader.document(file, folder))
    services = {name: mapping(value) for name, value in mapping(merged.get("services")).items()}
    if not services:
        raise AutomationError(f"{files[0]} has no services: expected a Compose file")
    override = next((folder / name for name in OVERRIDES if (folder / name).exists()), None)
    return Project(
        folder=folder,
        files=files,
        services=services,
        secrets={name: mapping(value) for name, value in mapping(merged.get("secrets")).items()},
        volumes={name: mapping(value) for name, value in mapping(merged.get("volumes")).items()},
        name=text_of(merged.get("name")),
        unknown=reader.unknown,
        override=override if override not in files else None,
    )


def combined(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return one file with another one over it: objects are merged, lists are added to, the rest is replaced.

    https://docs.docker.com/reference/compose-file/merge/
    """
    both = dict(base)
    for key, value in over.items():
        below = both.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            both[key] = combined(cast("dict[str, Any]", below), cast("dict[str, Any]", value))
        elif isinstance(value, list) and isinstance(below, list) and key not in _REPLACED:
            added = cast("list[Any]", value)
            both[key] = [*cast("list[Any]", below), *(one for one in added if one not in below)]
        else:
            both[key] = value
    return both


def interpolated(text: str, value_of: Callable[[str], str | None], unknown: Callable[[str], None]) -> str:
    """Return a text with its variables replaced, as Compose does: `$A`, `${A:-b}`, `${A?c}`, `${A:+d}`, `$$`.

    Args:
        text: may have variables inside the defaults of others.
        value_of: returns a variable's value, or None.
        unknown: is told of each variable that has neither value nor default, which is empty then.
    """
    dollar = "\0"

    def replace(found: re.Match[str]) -> str:
        whole = found[0]
        if whole == "$$":
            return dollar
        part = re.fullmatch(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)(:?[-?+])?(.*?)\}?", whole, re.DOTALL)
        if part is None:
            return whole
        name, sign, other = part[1], part[2] or "", part[3]
        value = value_of(name)
        there = value is not None and not (sign.startswith(":") and value == "")
        if sign.endswith("+"):
            return other if there else ""
        if there:
            return value or ""
        if sign.endswith("-"):
            return other
        unknown(name)
        return ""

    for _ in range(_DEEPEST):
        changed = _INNERMOST.sub(replace, text)
        if changed == text:
            break
        text = changed
    return text.replace(dollar, "$")


class _Reader:
    """Reads files, each once for each that names it."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.unknown: dict[str, list[str]] = {}

    def document(self, file: Path, folder: Path, depth: int = 0) -> dict[str, Any]:
        """Return what a file says, with what it includes and what its services extend."""
        if depth > _DEEPEST:
            raise AutomationError(f"{file} includes or extends itself")
        raw = go_yaml.read_plain(file)
        if not isinstance(raw, dict):
            raise AutomationError(f"{file} has no keys: expected a Compose file")
        document = cast("dict[str, Any]", self._replaced(raw))
        merged: dict[str, Any] = {}
        for one in items(document.pop("include", None)):
            for path in self._included(one):
                inner = self.document(file.parent / path, file.parent, depth + 1)
                merged = combined(merged, self._moved(inner, (file.parent / path).parent, folder))
        services = mapping(document.get("services"))
        document["services"] = {
            name: self._extended(mapping(said), services, file, folder, depth)
            for name, said in services.items()
        }
        return combined(merged, document)

    def _replaced(self, value: Any) -> Any:
        """Return a value with its variables replaced, and its lists of `NAME=value` as objects."""
        if isinstance(value, dict):
            inner = cast("dict[str, Any]", value)
            return {key: _as_map(key, self._replaced(item)) for key, item in inner.items()}
        if isinstance(value, list):
            return [self._replaced(item) for item in cast("list[Any]", value)]
        if not isinstance(value, str) or "$" not in value:
            return value
        text = interpolated(str(value), self._variables.get, lambda name: self._note(name, str(value)))
        return go_yaml.Plain(text) if isinstance(value, go_yaml.Plain) else text

    def _note(self, name: str, text: str) -> None:
        self.unknown.setdefault(name, []).append(text)

    @staticmethod
    def _included(one: object) -> Iterator[str]:
        paths = mapping(one).get("path", one)
        for path in items(paths) or [paths]:
            if (text := text_of(path)) is not None:
                yield text

    def _extended(
        self, said: dict[str, Any], services: Mapping[str, Any], file: Path, folder: Path, depth: int
    ) -> dict[str, Any]:
        extends = said.get("extends")
        said = {key: value for key, value in said.items() if key != "extends"}
        if extends is None:
            return said
        if depth > _DEEPEST:
            raise AutomationError(f"{file}: a service extends itself")
        name = text_of(extends) or text_of(mapping(extends).get("service")) or ""
        other = text_of(mapping(extends).get("file"))
        if other is None:
            if name not in services:
                raise AutomationError(f"{file}: a service extends {name!r}, which is not there")
            base = self._extended(dict(mapping(services[name])), services, file, folder, depth + 1)
        else:
            path = file.parent / other
            inner = self._moved(self.document(path, path.parent, depth + 1), path.parent, folder)
            if name not in mapping(inner.get("services")):
                raise AutomationError(f"{path}: there is no service {name!r}, which another one extends")
            base = mapping(mapping(inner["services"])[name])
        base = {key: value for key, value in base.items() if key != "depends_on"}
        return combined(base, said)

    @staticmethod
    def _moved(document: dict[str, Any], here: Path, folder: Path) -> dict[str, Any]:
        """Return a file's content with relative paths as seen from another folder."""
        if here.resolve() == folder.resolve():
            return document

        def path(text: str) -> str:
            return str(here / text) if not Path(text).is_absolute() else text

        for service in mapping(document.get("services")).values():
            said = mapping(service)
            build = said.get("build")
            if isinstance(build, str):
                said["build"] = path(build)
            elif (context := text_of(mapping(build).get("context"))) is not None:
                mapping(build)["context"] = path(context)
            files = said.get("env_file")
            if isinstance(files, str):
                said["env_file"] = path(files)
            elif files:
                said["env_file"] = [path(one) if isinstance(one, str) else one for one in items(files)]
        return document


def _as_map(key: str, value: Any) -> Any:
    """Return an object for a list of `NAME=value`, and for `depends_on`."""
    if key == "depends_on" and isinstance(value, list):
        return {str(name): {"condition": "service_started"} for name in items(cast("object", value))}
    if key not in _MAPS or not isinstance(value, list):
        return value
    pairs = [str(one).partition("=") for one in items(cast("object", value))]
    return {name: text if equals else None for name, equals, text in pairs}


def _dot_env(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    return variables_in(path)


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
    found = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value or "" for name, value in found.items()}


def value_text(value: object) -> str | None:
    """Return a variable's value as Compose hands it over: what Go makes of it, so that `0420` is 272."""
    if not isinstance(value, str):
        return None
    read = go_yaml.value_of(value)
    if isinstance(read, bool):
        return str(read).lower()
    return repr(read) if isinstance(read, float) else str(read)
