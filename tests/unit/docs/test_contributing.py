"""The worked examples of CONTRIBUTING, applied to a copy of the project: they do what they promise."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.unit.infra.settings_fixtures import PROJECT, PROJECT_ROOT

TEXT = (PROJECT_ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
COPIED = (
    "infra",
    "local",
    "automation",
    "policies",
    "docs",
    "tests",
    "app",
    "Pulumi*.yaml",
    "*.py",
    "*.toml",
)
ADDITIONS = re.findall(r"(?ms)^```diff\n--- (\S+)\n(.*?)^```", TEXT)
NEW_FILES = re.findall(r"(?ms)^```python\n# (\S+)\n(.*?)^```", TEXT)
TESTS = [name for name, _ in NEW_FILES if name.startswith("tests/")]
CHANGED = "tests/unit/infra/network/test_load_balancer.py"


def with_added(text: str, block: str) -> str:
    """Return a file with the lines that are marked in a block, whose other lines it has once."""
    lines = block.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line.startswith(" "))
    after = "".join(line[1:] for line in lines)
    assert text.count(before) == 1, f"CONTRIBUTING.md shows lines that stand there {text.count(before)} times"
    return text.replace(before, after)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with all examples in it."""
    copy = tmp_path_factory.mktemp("contributing") / "project"
    copy.mkdir()
    for pattern in COPIED:
        for path in PROJECT_ROOT.glob(pattern):
            if path.is_dir():
                shutil.copytree(path, copy / path.name, ignore=shutil.ignore_patterns("node_modules"))
            else:
                shutil.copy2(path, copy / path.name)
    for name, block in ADDITIONS:
        path = copy / name
        path.write_text(with_added(path.read_text(encoding="utf-8"), block), encoding="utf-8")
    for name, text in NEW_FILES:
        assert not (copy / name).exists(), f"{name} of CONTRIBUTING.md exists: show something else"
        (copy / name).write_text(text, encoding="utf-8")
    return copy


def python(project: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def outcomes(project: Path) -> dict[str, int]:
    """How many tests of each file passed; none may fail."""
    report = project / "report.xml"
    files = [*TESTS, CHANGED]
    python(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--junitxml={report}",
           "-o", "addopts=--import-mode=importlib", *files)  # fmt: skip
    cases = [case.attrib["classname"] for case in ET.parse(report).iter("testcase")]  # noqa: S314 - our own
    return {name: cases.count(name.removesuffix(".py").replace("/", ".")) for name in files}


@pytest.mark.parametrize("name", TESTS)
def test_the_tests_of_an_example_pass(outcomes: dict[str, int], name: str) -> None:
    text = dict(NEW_FILES)[name]

    assert outcomes[name] == len(re.findall(r"(?m)^def test_", text)) > 0


def test_existing_tests_pass_with_the_examples_new_key(outcomes: dict[str, int]) -> None:
    assert outcomes[CHANGED] > 5


def test_the_examples_new_key_is_in_pulumi_yaml_the_schema_and_the_reference(project: Path) -> None:
    python(project, "-m", "docs.config_table")
    key = "client-keep-alive-seconds"
    schema = json.loads((project / "docs" / "pulumi-stack.schema.json").read_text())

    assert f"  {key}:\n" in (project / "Pulumi.yaml").read_text()
    assert f"| `{key}` | a whole number from 60 to 604800 | `3600` |" in (
        (project / "docs" / "configuration.md").read_text()
    )
    assert f"{PROJECT}:{key}" in schema["properties"]["config"]["properties"]


def test_the_examples_new_command_is_listed_in_help(project: Path) -> None:
    listed = python(project, "-m", "automation", "--help")
    explained = python(project, "-m", "automation", "addresses", "--help")

    assert re.search(r"(?m)^  addresses +Print the address of each service\.$", listed)
    assert "[OPTIONS] STACK" in explained


def test_the_life_cycle_test_covers_the_examples_new_type(project: Path) -> None:
    """It needs the emulator; here it only has to find the example."""
    path = project / "tests" / "integration" / "resources" / "examples_features.py"
    names = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}

    assert "aws:secretsmanager/secret:Secret" in names


def test_an_example_that_no_longer_applies_is_reported() -> None:
    with pytest.raises(AssertionError, match="0 times"):
        with_added("a = 1\n", " b = 2\n+c = 3\n")
