"""What an app's files say of its port, the address it listens at, and its health check."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from automation.init.package import Package

DEFAULT_PORT: Final = 3000
_PORTS_OF_FRAMEWORKS: Final = {
    "astro": 4321,
    "@strapi/strapi": 1337,
    "@adonisjs/core": 3333,
    "@medusajs/medusa": 9000,
    "directus": 8055,
}
"""Where frameworks listen that do not listen on 3000, by their package."""
_HAVE_SERVERS: Final = ("next", "nuxt", "astro", "@strapi/strapi", "@medusajs/medusa", "directus")
"""Frameworks whose own server listens."""
_ENDINGS: Final = frozenset({".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx"})
_FOLDERS_NOT_READ: Final = frozenset(
    {
        "node_modules",
        "dist",
        "build",
        "out",
        "coverage",
        "public",
        "static",
        "test",
        "tests",
        "__tests__",
        "e2e",
    }
)
_FIRST_FILES: Final = ("server", "main", "index", "app", "www")
_MOST_FILES: Final = 500
_MOST_BYTES: Final = 200_000
_NUMBER: Final = r"(\d{2,5})\b"
_PORTS_IN_SOURCES: Final = (
    # The default of the variable PORT, then a number where it listens, then a constant.
    re.compile(rf"\bPORT['\"\])]*\s*(?:\|\||\?\?|,)\s*['\"]?{_NUMBER}"),
    re.compile(rf"\.listen\(\s*(?:\{{[^}}]*?\bport\s*:\s*)?['\"]?{_NUMBER}"),
    re.compile(rf"\b(?:port|PORT)\b\s*(?::\s*number\s*)?[=:]\s*['\"]?{_NUMBER}"),
)
_EXPOSED: Final = re.compile(r"(?im)^\s*EXPOSE\s+\$?\{?(\w+)(?::-(\d+))?")
_SET: Final = re.compile(r"(?im)^\s*(?:ENV|ARG)\s+(.+)$")
_PORT_OPTION: Final = re.compile(r"(?:(?:-p|--port)[ =]|\bPORT=)(\d{2,5})\b")
_PORT_LINE: Final = re.compile(r"(?m)^\s*(?:export\s+)?PORT\s*=\s*['\"]?(\d{2,5})\b")
_ENVIRONMENTS: Final = (".env.example", ".env.sample", ".env", ".env.production")
_HEALTH: Final = (
    "readyz",
    "ready",
    "readiness",
    "healthz",
    "health",
    "healthcheck",
    "health-check",
    "livez",
    "live",
)
"""Last parts of a path of a health check; those of readiness come first."""
_ROUTE: Final = re.compile(rf"['\"`](/(?:[\w-]+/){{0,3}}(?:_?(?:{'|'.join(_HEALTH)})|ping))/?['\"`]")
_NEST_CONTROLLER: Final = re.compile(rf"@Controller\(\s*['\"`]/?((?:{'|'.join(_HEALTH)}))['\"`]")
_NEST_PREFIX: Final = re.compile(r"setGlobalPrefix\(\s*['\"`]/?([\w/-]+)['\"`]")
_FILE_ROUTES: Final = re.compile(
    rf"(?:^|/)(?:(?:pages|routes|server)/|app/)((?:[\w()-]+/)*(?:{'|'.join(_HEALTH)}))"
    r"(?:/route|/\+server|\.get|/index)?$"
)
_LOOPBACK: Final = re.compile(r"\bhost(?:name)?\s*:\s*['\"](?:localhost|127\.0\.0\.1)['\"]")
_AT_LOOPBACK: Final = re.compile(r"['\"](?:localhost|127\.0\.0\.1)['\"]")
_NAMES_A_HOST: Final = re.compile(r"host|0\.0\.0\.0|::")
_LISTENS: Final = re.compile(r"\.listen\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)")
"""The arguments may hold calls, and calls in them."""
_SERVES: Final = re.compile(r"\b(?:listen|serve|server|createServer)\s*\(")
"""Stands in a file with a server, and not in that of a client such as a health check's."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A finding, and where it was found."""

    value: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What an app's files say."""

    port: Found | None = None
    health_path: Found | None = None
    loopback: str = ""
    """The file in which the app listens at this machine's own address alone, where no load balancer reaches
    it; empty if it does not."""
    ends_at_once: bool = False
    """Whether no source handles SIGTERM, so that requests under way are lost in a deployment."""
    closes_early: bool = False
    """Whether no source sets how long idle connections stay open: the load balancer keeps them longer."""
    has_page_details: bool = False
    """Whether it is the app that comes with this project, whose page shows how requests reach it."""

    @classmethod
    def of(cls, folder: Path, package: Package | None, dockerfile: str) -> Findings:
        """Look through an app's Dockerfile, scripts, sources and variables.

        Args:
            folder: the app's.
            package: its `package.json`.
            dockerfile: the text of its Dockerfile; empty if it has none.
        """
        texts = dict(_texts(folder))
        return cls(
            port=next(_ports(folder, package, dockerfile, texts), None),
            health_path=next(iter(sorted(_health_paths(texts), key=_rank)), None),
            loopback=_loopback(package, texts),
            ends_at_once=_lacks(texts, package, "SIGTERM"),
            closes_early=_lacks(texts, package, "keepAliveTimeout"),
            has_page_details=any("PAGE_DETAILS" in text for text in texts.values()),
        )


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the sources by their path, those first that commonly listen."""
    paths: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _FOLDERS_NOT_READ
        )
        paths += [Path(parent, name) for name in sorted(names) if Path(name).suffix in _ENDINGS]
        if len(paths) > _MOST_FILES:
            break
    for path in sorted(
        paths[:_MOST_FILES], key=lambda path: (path.stem not in _FIRST_FILES, len(path.parts))
    ):
        if ".test." in path.name or ".spec." in path.name or ".d." in path.name or not path.is_file():
            continue
        try:
            yield path.relative_to(folder).as_posix(), path.read_text("utf-8")[:_MOST_BYTES]
        except (OSError, ValueError):
            continue


def _ports(
    folder: Path, package: Package | None, dockerfile: str, texts: Mapping[str, str]
) -> Iterator[Found]:
    yield from _exposed(dockerfile)
    scripts = package.scripts if package else {}
    for name in ("start:prod", "start:production", "start"):
        if (found := _PORT_OPTION.search(scripts.get(name, ""))) and _is_port(found[1]):
            yield Found(value=found[1], source=f"script {name}")
    for pattern, (name, text) in product(_PORTS_IN_SOURCES, texts.items()):
        if (found := pattern.search(_without_comments(text))) and _is_port(found[1]):
            yield Found(value=found[1], source=name)
    for name in _ENVIRONMENTS:
        if (
            (path := folder / name).is_file()
            and (found := _PORT_LINE.search(path.read_text("utf-8", errors="replace")))
            and _is_port(found[1])
        ):
            yield Found(value=found[1], source=name)
    for framework, port in _PORTS_OF_FRAMEWORKS.items():
        if package and package.depends_on(framework):
            yield Found(value=str(port), source=f"default of {framework}")


def _exposed(dockerfile: str) -> Iterator[Found]:
    """Yield the ports of EXPOSE, the last stage's first."""
    variables: dict[str, str] = {}
    for line in _SET.findall(dockerfile):
        for name, _, value in (part.partition("=") for part in line.replace(" ", "=", 1).split()):
            variables[name] = value.strip("\"'")
    for name, default in reversed(_EXPOSED.findall(dockerfile)):
        value = name if name.isdigit() else variables.get(name) or default
        if _is_port(value):
            yield Found(value=value, source="EXPOSE of the Dockerfile")


def _is_port(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,5}", text)) and 1 <= int(text) <= 65535  # noqa: PLR2004 -- what a port can be


def _health_paths(texts: Mapping[str, str]) -> Iterator[Found]:
    prefix = next((found[1] for text in texts.values() if (found := _NEST_PREFIX.search(text))), "")
    for name, text in texts.items():
        clean = _without_comments(text)
        for found in _ROUTE.finditer(clean):
            yield Found(value=found[1], source=name)
        for found in _NEST_CONTROLLER.finditer(clean):
            yield Found(value="/".join(["", *filter(None, [prefix, found[1]])]), source=name)
        if found := _FILE_ROUTES.search(name.rpartition(".")[0]):
            # A folder of the App Router in parentheses is no part of the path.
            parts = [part for part in found[1].split("/") if not part.startswith("(")]
            yield Found(value="/" + "/".join(parts), source=name)


def _rank(found: Found) -> tuple[int, int, str]:
    last = found.value.rpartition("/")[2].removeprefix("_")
    return (_HEALTH.index(last) if last in _HEALTH else len(_HEALTH), len(found.value), found.value)


def _loopback(package: Package | None, texts: Mapping[str, str]) -> str:
    for name, text in texts.items():
        clean = _without_comments(text)
        # What a callback says is no argument.
        calls = [re.split(r"=>|\bfunction\b", call)[0] for call in _LISTENS.findall(clean)]
        if (_SERVES.search(clean) and _LOOPBACK.search(clean)) or any(map(_AT_LOOPBACK.search, calls)):
            return name
        # Fastify listens at localhost unless it is given a host.
        is_fastify = package is not None and package.depends_on("fastify") and "fastify" in clean.lower()
        if is_fastify and any(not _NAMES_A_HOST.search(call) for call in calls):
            return name
    return ""


def _lacks(texts: Mapping[str, str], package: Package | None, word: str) -> bool:
    """Whether an app that listens by itself, and not by a framework's server, lacks a word."""
    has_server = package is not None and any(package.depends_on(name) for name in _HAVE_SERVERS)
    listens = any(_LISTENS.search(text) for text in texts.values())
    return listens and not has_server and not any(word in text for text in texts.values())


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)/\*.*?\*/|(?<!:)//.*$", "", text)
