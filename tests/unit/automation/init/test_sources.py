"""Port, health check and address of an app, read from its files."""

from __future__ import annotations

from os import mkfifo
from pathlib import Path
from typing import Any

import pytest

from automation.init.package import Package
from automation.init.sources import Findings
from tests.unit.automation.init.apps import write, write_app


def found(folder: Path, dockerfile: str = "") -> Findings:
    return Findings.of(folder, Package.read(folder), dockerfile)


def port(folder: Path, dockerfile: str = "") -> str | None:
    finding = found(folder, dockerfile).port
    return finding.value if finding else None


@pytest.mark.parametrize(
    ("dockerfile", "expected"),
    [
        ("FROM node\nEXPOSE 8080\n", "8080"),
        ("FROM a AS b\nEXPOSE 9229\nFROM node\nEXPOSE 80/tcp\n", "80"),
        ("FROM node\nENV PORT=5000\nEXPOSE $PORT\n", "5000"),
        ("FROM node\nENV PORT 5000\nEXPOSE ${PORT}\n", "5000"),
        ("FROM node\nARG PORT='5001'\nEXPOSE ${PORT}\n", "5001"),
        ("FROM node\nEXPOSE ${PORT:-5002}\n", "5002"),
        ("FROM node\nEXPOSE $UNKNOWN\n", None),
        ("FROM node\nEXPOSE ²\n", None),
        (f"FROM node\nEXPOSE {'9' * 5000}\n", None),
    ],
)
def test_the_port_is_the_one_that_the_last_stage_exposes(
    tmp_path: Path, dockerfile: str, expected: str | None
) -> None:
    assert port(tmp_path, dockerfile) == expected


@pytest.mark.parametrize(
    "source",
    [
        "app.listen(process.env.PORT || 8080)",
        "const port = process.env.PORT ?? '8080'; app.listen(port)",
        "const port = parseInt(process.env.PORT || '8080', 10)",
        "const port = Number(process.env['PORT'] ?? 8080)",
        "await app.listen(config.get('PORT', 8080))",
        "server.listen(8080, () => {})",
        "fastify.listen({ host: '0.0.0.0', port: 8080 })",
        "const port: number = 8080",
        "const PORT = 8080",
        "// app.listen(1234)\napp.listen(8080)",
        "export default {port: 8080}",
    ],
)
def test_the_port_is_read_from_the_sources(tmp_path: Path, source: str) -> None:
    write(tmp_path, "src/server.ts", source)

    assert port(tmp_path) == "8080"


def test_the_default_of_the_port_variable_has_precedence_over_other_numbers(tmp_path: Path) -> None:
    """Packages, build outputs and tests are not read."""
    write(tmp_path, "db.js", "const port = 5432")
    write(tmp_path, "z.js", "listen(process.env.PORT || 4000)")
    write(tmp_path, "node_modules/a.js", "listen(process.env.PORT || 1111)")
    write(tmp_path, "dist/a.js", "listen(process.env.PORT || 2222)")
    write(tmp_path, "a.test.js", "listen(process.env.PORT || 3333)")

    assert port(tmp_path) == "4000"


@pytest.mark.parametrize("script", ["next start -p 4100", "PORT=4100 node .", "serve --port 4100"])
def test_the_port_is_read_from_the_start_script(tmp_path: Path, script: str) -> None:
    assert port(write_app(tmp_path, {"scripts": {"start": script}})) == "4100"


def test_the_port_is_read_from_an_example_of_variables(tmp_path: Path) -> None:
    write(tmp_path, ".env.example", "HOST=a\nPORT=4200\n")

    assert port(tmp_path) == "4200"


@pytest.mark.parametrize(
    ("dependencies", "expected"),
    [({"astro": "5"}, "4321"), ({"@strapi/strapi": "5"}, "1337"), ({"express": "5"}, None)],
)
def test_some_frameworks_have_their_own_default_port(
    tmp_path: Path, dependencies: dict[str, str], expected: str | None
) -> None:
    assert port(write_app(tmp_path, {"dependencies": dependencies})) == expected


@pytest.mark.parametrize(
    ("name", "source", "path"),
    [
        ("a.js", "app.get('/healthz', ok)", "/healthz"),
        ("a.js", "app.get('/health', ok); app.get('/ready', ok)", "/ready"),
        ("a.js", 'router.get("/api/v1/health/", ok)', "/api/v1/health"),
        ("a.ts", "@Controller('health')\nclass Health {}", "/health"),
        ("a.ts", "app.setGlobalPrefix('api');\n@Controller('health')", "/api/health"),
        ("app/api/health/route.ts", "", "/api/health"),
        ("src/app/(public)/healthz/route.ts", "", "/healthz"),
        ("pages/api/health.ts", "", "/api/health"),
        ("src/routes/healthz/+server.ts", "", "/healthz"),
        ("server/api/health.get.ts", "", "/api/health"),
        ("a.js", "// app.get('/healthz')", None),
        ("a.js", "app.get('/healthcare', ok)", None),
    ],
)
def test_the_health_check_path_is_a_route_with_a_usual_name(
    tmp_path: Path, name: str, source: str, path: str | None
) -> None:
    """Readiness first: it says when a task may get requests."""
    write(tmp_path, name, source)

    finding = found(tmp_path).health_path

    assert (finding.value if finding else None) == path


def test_pipes_and_folders_are_not_read(tmp_path: Path) -> None:
    """Reading a pipe would block."""
    mkfifo(tmp_path / "server.js")
    (tmp_path / "index.js").mkdir()

    assert port(tmp_path) is None


@pytest.mark.parametrize(("name", "text"), [("server.js", ""), (".env", "PORT=99999\n")])
def test_invalid_ports_are_ignored(tmp_path: Path, name: str, text: str) -> None:
    write_app(tmp_path, {"scripts": {"start": "next start -p 99999"}})
    write(tmp_path, name, text)

    assert port(tmp_path) is None


@pytest.mark.parametrize(
    ("manifest", "source", "is_loopback"),
    [
        ({}, "app.listen(3000, 'localhost')", True),
        ({}, "serve({ hostname: '127.0.0.1', port })", True),
        ({}, "app.listen(3000, '0.0.0.0')", False),
        ({}, "app.listen(3000)", False),
        ({"dependencies": {"fastify": "5"}}, "const fastify = f(); fastify.listen({ port: 3000 })", True),
        ({"dependencies": {"fastify": "5"}}, "fastify.listen({ port: 3000, host: '0.0.0.0' })", False),
        (
            {"dependencies": {"fastify": "5"}},
            "const app = require('fastify')(); app.listen({port: Number(env(PORT)||8080), host:'0.0.0.0'})",
            False,
        ),
        (
            {"dependencies": {"fastify": "5"}},
            "fastify.listen({ port: 3000 }, () => log('at host 0.0.0.0'))",
            True,
        ),
        ({}, "app.listen(Number(process.env.PORT || 3000), 'localhost')", True),
        ({}, 'a.listen(Number(process.env.PORT)||5000,"127.0.0.1")', True),
        ({}, "Hapi.server({ port: 3000, host: 'localhost' })", True),
        ({}, "get({ host: '127.0.0.1', port, path: '/healthz' }, (answer) => process.exit())", False),
        ({}, "app.listen(Number(process.env.PORT), function () { log('at', 'localhost') })", False),
    ],
)
def test_an_app_that_listens_on_loopback_is_reported(
    tmp_path: Path, manifest: dict[str, Any], source: str, *, is_loopback: bool
) -> None:
    """Nothing outside its container reaches it. Fastify does so unless it is given a host."""
    write_app(tmp_path, manifest)
    write(tmp_path, "server.js", source)

    assert found(tmp_path).loopback == ("server.js" if is_loopback else "")


def test_an_app_that_loses_requests_is_reported(tmp_path: Path) -> None:
    """At its end, and by connections that it closes before the load balancer does."""
    write(tmp_path, "server.js", "app.listen(3000)")

    assert (found(tmp_path).ignores_sigterm, found(tmp_path).closes_early) == (True, True)


@pytest.mark.parametrize(
    ("manifest", "source"),
    [
        ({}, "server.keepAliveTimeout = 65000; app.listen(1); process.on('SIGTERM', close)"),
        ({"dependencies": {"next": "15"}}, "app.listen(3000)"),
        ({}, "console.log('no server')"),
    ],
)
def test_an_app_that_loses_no_requests_is_not_reported(
    tmp_path: Path, manifest: dict[str, Any], source: str
) -> None:
    write_app(tmp_path, manifest)
    write(tmp_path, "server.js", source)

    assert (found(tmp_path).ignores_sigterm, found(tmp_path).closes_early) == (False, False)
