"""The doors of the house: who may import whom, and who may read the configuration."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from tests.unit.infra.conftest import ROOT

FILES = sorted((ROOT / "infra").rglob("*.py"))
COMPONENTS = [file for file in FILES if "settings" not in file.parts]


@cache
def _nodes(file: Path) -> list[ast.AST]:
    return [*ast.walk(ast.parse(file.read_text()))]


def _module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _package(module: str) -> str:
    return module.partition(".")[0]


def _imports(file: Path) -> Iterator[str]:
    for node in _nodes(file):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_infra_imports_nothing_of_the_other_folders() -> None:
    """What is declared must not know where it runs, or who runs it."""
    folders = {entry.name for entry in ROOT.iterdir() if entry.is_dir()} - {"infra"}

    assert [f"{file}: {name}" for file in FILES for name in _imports(file) if _package(name) in folders] == []


def test_no_component_reads_config_the_stacks_name_or_the_environment() -> None:
    """All of it is in the settings, where it is checked before anything is made."""
    told = {"Config", "get_stack", "get_project", "get_organization"}
    reads = [
        f"{file}: {node.attr}"
        for file in COMPONENTS
        for node in _nodes(file)
        if isinstance(node, ast.Attribute) and node.attr in told
    ]

    assert reads == []
    # Secrets of a build are on the machine that deploys, and must stand in no configuration.
    assert {file.name for file in COMPONENTS if "os" in map(_package, _imports(file))} == {"build_secrets.py"}


def test_a_component_hands_its_caller_s_options_to_nobody() -> None:
    """Merged into those of its children they would move, protect and rename them too."""
    made = [
        node
        for file in FILES
        for node in _nodes(file)
        if isinstance(node, ast.FunctionDef) and "opts" in {arg.arg for arg in node.args.args}
    ]
    uses = [
        [one for one in ast.walk(init) if isinstance(one, ast.Name) and one.id == "opts"] for init in made
    ]
    handed_on = [init.body[0] for init in made]

    assert len(made) > 10
    assert {len(of_one) for of_one in uses} == {1}
    assert all(ast.unparse(first).startswith("super().__init__(") for first in handed_on)
    assert all(ast.unparse(first).endswith("name, None, opts)") for first in handed_on)


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
