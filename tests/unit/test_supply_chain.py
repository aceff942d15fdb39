"""What the project takes from others: how it is renewed, watched, licensed and approved."""

from __future__ import annotations

import importlib.util
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from docs import licences

ROOT = Path(__file__).resolve().parents[2]
RENOVATE = json.loads((ROOT / "renovate.json").read_text())


def test_updates_are_a_week_old() -> None:
    assert (RENOVATE["minimumReleaseAge"], RENOVATE["internalChecksFilter"]) == ("7 days", "strict")
    assert not [rule for rule in RENOVATE["packageRules"] if "minimumReleaseAge" in rule]


@pytest.mark.parametrize(
    ("manager", "files"),
    [
        ("pep621", ["pyproject.toml"]),
        ("pip_requirements", ["policies/requirements.in", "local/go/requirements.in"]),
        ("github-actions", [".github/workflows/ci.yml"]),
        ("dockerfile", ["app/Dockerfile", "docs/examples/express/Dockerfile"]),
        ("npm", ["docs/examples/express/package-lock.json"]),
        ("gomod", ["local/pulumi/module/go.mod"]),
    ],
)
def test_each_kind_of_dependency_is_updated_by_renovate(manager: str, files: list[str]) -> None:
    assert manager in RENOVATE["enabledManagers"]
    assert [name for name in files if not (ROOT / name).exists()] == []


def test_renovate_finds_the_version_of_the_pulumi_cli() -> None:
    """A pattern that matches nothing renews nothing, in silence."""
    (manager,) = RENOVATE["customManagers"]
    patterns = [one.replace("(?<", "(?P<") for one in manager["matchStrings"]]
    texts = {
        "local/pulumi/versions.py": patterns[0],
        ".github/workflows/ci.yml": patterns[1],
    }
    found = {name: re.search(pattern, (ROOT / name).read_text()) for name, pattern in texts.items()}

    assert {match["currentValue"] for match in found.values() if match} == {"3.274.1"}
    assert None not in found.values()
    for name in texts:
        assert any(re.search(one.strip("/"), name) for one in manager["managerFilePatterns"])


def test_code_owners_name_existing_files() -> None:
    lines = (ROOT / ".github" / "CODEOWNERS").read_text().splitlines()
    rules = [line.split() for line in lines if line and not line.startswith("#")]

    assert [path for path, *_ in rules if path != "*" and not list(ROOT.glob(path.strip("/")))] == []
    assert all(team.startswith("@example-org/") for _, *teams in rules for team in teams)


def test_the_security_policy_names_existing_files_and_commands() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    linked = re.findall(r"\]\((?!https)([^)#]+)", text)

    assert linked
    assert [name for name in linked if not (ROOT / name).exists()] == []


# Licences


def test_every_licence_is_permissive() -> None:
    found = {name: licences.licence_of(name).split(" OR ") for name, _, _ in licences.packages()}

    assert len(found) > 50
    assert {name: names for name, names in found.items() if not licences.ALLOWED & {*names}} == {}


def test_the_document_has_the_packages_of_the_locks() -> None:
    """Another system may have packages of its own: each that is here stands there, and nothing else does."""
    rows = {line for line in licences.DOCUMENT.read_text().splitlines() if line.startswith("| [")}
    today = {line for line in licences.document().splitlines() if line.startswith("| [")}
    locks = "".join((ROOT / lock).read_text() for lock in licences.LOCKS)

    assert today - rows == set(), "run `python -m docs.licences`"
    for row in rows - today:
        name, version = re.findall(r"^\| \[([^]]+)\]\([^)]*\) \| (\S+)", row)[0]
        assert f"{name}=={version}" in locks, "run `python -m docs.licences`"


# Known vulnerabilities


def audit(monkeypatch: pytest.MonkeyPatch, address: str) -> ModuleType:
    monkeypatch.setenv("OSV_ADDRESS", address)
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def osv(vulnerable: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An OSV that knows one vulnerable package."""
    queried: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            queried.extend(queries)
            results = [
                {"vulns": [{"id": "GHSA-1"}]} if one["package"]["name"] == vulnerable else {}
                for one in queries
            ]
            body = json.dumps({"results": results}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", queried
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_known_vulnerability_fails_with_its_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with osv("boto3") as (address, queried):
        code = audit(monkeypatch, address).main()

    assert code == 1
    assert re.match(r"PyPI boto3 \S+: https://osv.dev/GHSA-1\n", capsys.readouterr().out)
    assert {one["package"]["ecosystem"] for one in queried} == {"PyPI", "Go", "npm"}
    assert {one["package"]["name"] for one in queried} >= {
        "pulumi-policy",
        "playwright",
        "zensical",
        "github.com/rhysd/actionlint",
        "@sparticuz/chromium",
    }


def test_an_unreachable_advisory_source_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit(monkeypatch, "http://127.0.0.1:1").main() == 0
    assert "not checked, as OSV does not answer" in capsys.readouterr().err
