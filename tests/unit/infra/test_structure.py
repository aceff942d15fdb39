"""The doors of the house: who may import whom, and who may read the configuration."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.unit.infra.conftest import ROOT

FILES = sorted((ROOT / "infra").rglob("*.py"))
COMPONENTS = [file for file in FILES if "settings" not in file.parts]


def _module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imports(file: Path, *, for_types: bool = True) -> Iterator[str]:
    tree = ast.parse(file.read_text())
    if not for_types:
        tree.body = [node for node in tree.body if not isinstance(node, ast.If)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("file", FILES, ids=_module)
def test_infra_imports_nothing_of_the_other_folders(file: Path) -> None:
    """What is declared must not know where it runs, or who runs it."""
    folders = {entry.name for entry in ROOT.iterdir() if entry.is_dir()} - {"infra"}

    assert {name.partition(".")[0] for name in _imports(file)} & folders == set()


@pytest.mark.parametrize("file", COMPONENTS, ids=_module)
def test_no_component_reads_config_the_stacks_name_or_the_environment(file: Path) -> None:
    """All of it is in the settings, where it is checked before anything is made."""
    attributes = {
        node.attr for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute)
    }

    assert attributes & {"Config", "get_stack", "get_project", "get_organization"} == set()
    # Secrets of a build are on the machine that deploys, and must stand in no configuration.
    if file.name != "build_secrets.py":
        assert {name.partition(".")[0] for name in _imports(file)} & {"os"} == set()


def test_no_private_interface_of_a_library_is_used() -> None:
    private = {
        name
        for file in FILES
        for name in _imports(file)
        if any(part.startswith("_") and part != "__future__" for part in name.split("."))
    }

    assert private == set()
    assert not [file for file in FILES if "runtime.config" in file.read_text()]


def test_there_are_no_cycles_not_even_for_types() -> None:
    """Two modules that need each other are one, or one idea is in the wrong place."""
    modules = {_module(file) for file in FILES}
    graph = {_module(file): {name for name in _imports(file) if name in modules} for file in FILES}

    assert list(TopologicalSorter(graph).static_order())


def test_the_program_is_short() -> None:
    """Settings, one environment, its outputs: whatever else it does belongs into a component."""
    assert len((ROOT / "__main__.py").read_text().splitlines()) <= 60
