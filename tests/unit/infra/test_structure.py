"""The doors of the house: who may import whom, and who may read the configuration."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.infra.conftest import ROOT

FILES = sorted((ROOT / "infra").rglob("*.py"))
GATES = [file for file in FILES if file.parent.name == "rollout"]
COMPONENTS = [file for file in FILES if file in GATES or (file.parent.name == "infra" and True)]


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_infra_imports_nothing_of_the_other_folders(file: Path) -> None:
    """What is declared must not know where it runs, or who runs it."""
    folders = {entry.name for entry in ROOT.iterdir() if entry.is_dir()} - {"infra"}

    assert {name.partition(".")[0] for name in _imports(file)} & folders == set()


@pytest.mark.parametrize("file", COMPONENTS, ids=lambda file: file.stem)
def test_no_component_reads_config_the_stacks_name_or_the_environment(file: Path) -> None:
    """All of it is in the settings, where it is checked before anything is made."""
    tree = ast.parse(file.read_text())
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}

    assert attributes & {"Config", "get_stack", "get_project", "get_organization"} == set()
    assert {name.partition(".")[0] for name in _imports(file)} & {"os"} == set()


@pytest.mark.parametrize("file", GATES, ids=lambda file: file.stem)
def test_the_gates_know_settings_and_nothing_else_of_the_stack(file: Path) -> None:
    """They ask AWS about what they are handed, and could follow any other service just as well."""
    ours = {name for name in _imports(file) if name.startswith("infra")}

    assert {name for name in ours if not name.startswith("infra.rollout")} <= {"infra.settings"}


@pytest.mark.parametrize("file", GATES, ids=lambda file: file.stem)
def test_only_one_gate_declares_anything(file: Path) -> None:
    """The rest must work in a test, and on a thread, without a program around it."""
    uses = {name.partition(".")[0] for name in _imports(file)} & {"pulumi", "pulumi_aws"}

    assert uses <= {"gate.py": {"pulumi"}, "migration.py": {"pulumi", "pulumi_aws"}}.get(file.name, set())


def test_only_the_services_know_the_gates() -> None:
    know = {
        file.name
        for file in FILES
        if file not in GATES and any(name.startswith("infra.rollout") for name in _imports(file))
    }

    assert know == {"services.py", "service.py"}


def test_the_program_is_short() -> None:
    """Settings, one environment, its outputs: whatever else it does belongs into a component."""
    assert len((ROOT / "__main__.py").read_text().splitlines()) <= 60
