"""An app's port, address and health check, as its files show them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from automation.init.package import Package, read_text
from automation.init.start import SCRIPTS

DEFAULT_PORT: Final = 3000
_PORTS_OF_FRAMEWORKS: Final = {
    "astro": 4321,
    "@strapi/strapi": 1337,
    "@adonisjs/core": 3333,
    "@medusajs/medusa": 9000,
    "directus": 8055,
}
"""Ports of frameworks with another default than 3000, by their package."""
_HAVE_SERVERS: Final = ("next", "nuxt", "astro", "@strapi/strapi", "@medusajs/medusa", "directus")
"""Frameworks with their own server."""
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
_NO_SOURCE: Final = re.compile(r"\.(?:test|spec|d)\.")
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
"""Last parts of a health check's path, those of readiness first."""
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
"""The arguments may have calls, and calls in them."""
_COMMENT: Final = re.compile(r"(?m)/\*.*?\*/|(?<!:)//.*$")
_SERVES: Final = re.compile(r"\b(?:listen|serve|server|createServer)\s*\(")
"""In a file with a server, and not in that of a client such as a health check."""


@dataclass(frozen=True)
class Finding:
    """A value, and the file or field that has it."""

    value: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What an app's files show."""

    port: Finding | None
    health_path: Finding | None
    loopback: str
    """The file that listens on loopback, where no load balancer reaches it; empty if none does."""
    ignores_sigterm: bool
    """Whether no file handles SIGTERM, so that a deployment loses requests."""
    closes_early: bool
    """Whether no file sets how long idle connections are kept: the load balancer keeps them longer."""
    has_page_details: bool
    """Whether it is the app of this project, whose page shows how requests reach it."""

    @classmethod
    def of(cls, folder: Path, package: Package | None, dockerfile: str) -> Findings:
        """Read an app's Dockerfile, scripts, sources and variables.

        Args:
            folder: the app's.
            package: its `package.json`.
            dockerfile: the text of its Dockerfile; empty if it has none.
        """
        texts = dict(_texts(folder))
        clean = {name: _COMMENT.sub("", text) for name, text in texts.items()}
        all_text = "\n".join(texts.values())
        # A framework's own server handles both.
        has_server = package is not None and any(package.depends_on(name) for name in _HAVE_SERVERS)
        listens = _LISTENS.search(all_text) is not None and not has_server
        return cls(
            port=next(
                (port for port in _ports(folder, package, dockerfile, clean) if _is_port(port.value)), None
            ),
            health_path=min(_health_paths(clean), key=_rank, default=None),
            loopback=_loopback(package, clean),
            ignores_sigterm=listens and "SIGTERM" not in all_text,
            closes_early=listens and "keepAliveTimeout" not in all_text,
            has_page_details="PAGE_DETAILS" in all_text,
        )

    @property
    def port_number(self) -> int:
        """The port, or the default."""
        return int(self.port.value) if self.port else DEFAULT_PORT

    def remarks(self) -> Iterator[str]:
        """Yield advice for the user."""
        if self.loopback:
            yield f"{self.loopback} listens on localhost, out of the load balancer's reach: use 0.0.0.0"
        if self.ignores_sigterm:
            yield "no file handles SIGTERM: close the server on SIGTERM, or each deployment loses requests"
        if self.closes_early:
            yield (
                "`server.keepAliveTimeout` is not set: Node closes idle connections after 5 s, the load"
                " balancer after 60 s, so some requests fail with 502; set it to 65000"
            )


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the sources by their path, those first that commonly listen."""
    paths: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted({*folders} - _FOLDERS_NOT_READ - {name for name in folders if name[0] == "."})
        paths += [Path(parent, name) for name in sorted(names) if Path(name).suffix in _ENDINGS]
        if len(paths) > _MOST_FILES:
            break
    for path in sorted(
        paths[:_MOST_FILES], key=lambda path: (path.stem not in _FIRST_FILES, len(path.parts))
    ):
        if not _NO_SOURCE.search(path.name) and path.is_file():
            yield path.relative_to(folder).as_posix(), read_text(path)[:_MOST_BYTES]


def _ports(
    folder: Path, package: Package | None, dockerfile: str, texts: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield what may be the port, the most reliable first; not all are valid."""
    yield from _exposed(dockerfile)
    scripts = package.scripts if package else {}
    searched = [
        *((_PORT_OPTION, f"script {name}", scripts.get(name, "")) for name in SCRIPTS),
        *((pattern, name, text) for pattern in _PORTS_IN_SOURCES for name, text in texts.items()),
        *((_PORT_LINE, name, read_text(folder / name)) for name in _ENVIRONMENTS),
    ]
    yield from (
        Finding(match[1], name) for pattern, name, text in searched if (match := pattern.search(text))
    )
    for framework, port in _PORTS_OF_FRAMEWORKS.items():
        if package and package.depends_on(framework):
            yield Finding(str(port), f"default of {framework}")


def _exposed(dockerfile: str) -> Iterator[Finding]:
    """Yield the ports of EXPOSE, the last stage's first."""
    variables: dict[str, str] = {}
    for line in _SET.findall(dockerfile):
        for name, _, value in (part.partition("=") for part in line.replace(" ", "=", 1).split()):
            variables[name] = value.strip("\"'")
    for name, default in reversed(_EXPOSED.findall(dockerfile)):
        value = name if name.isdigit() else variables.get(name) or default
        yield Finding(value, "EXPOSE of the Dockerfile")


def _is_port(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,5}", text)) and 1 <= int(text) <= 65535  # noqa: PLR2004 -- what a port can be


def _health_paths(texts: Mapping[str, str]) -> Iterator[Finding]:
    prefix = next((match[1] for text in texts.values() if (match := _NEST_PREFIX.search(text))), "")
    for name, text in texts.items():
        for match in _ROUTE.finditer(text):
            yield Finding(match[1], name)
        for match in _NEST_CONTROLLER.finditer(text):
            yield Finding("/".join(["", *filter(None, [prefix, match[1]])]), name)
        if match := _FILE_ROUTES.search(name.rpartition(".")[0]):
            # A folder of the App Router in parentheses is no part of the path.
            parts = [part for part in match[1].split("/") if not part.startswith("(")]
            yield Finding("/" + "/".join(parts), name)


def _rank(path: Finding) -> tuple[int, int, str]:
    last = path.value.rpartition("/")[2].removeprefix("_")
    return (_HEALTH.index(last) if last in _HEALTH else len(_HEALTH), len(path.value), path.value)


def _loopback(package: Package | None, texts: Mapping[str, str]) -> str:
    for name, text in texts.items():
        # The text of a callback is not an argument.
        calls = [re.split(r"=>|\bfunction\b", call)[0] for call in _LISTENS.findall(text)]
        if (_SERVES.search(text) and _LOOPBACK.search(text)) or any(map(_AT_LOOPBACK.search, calls)):
            return name
        # Fastify listens on localhost unless it is given a host.
        is_fastify = package is not None and package.depends_on("fastify") and "fastify" in text.lower()
        if is_fastify and any(not _NAMES_A_HOST.search(call) for call in calls):
            return name
    return ""
