"""Structure of `infra`: imports, access to configuration, the form of components."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from tests.unit.infra.conftest import ROOT

FILES = sorted((ROOT / "infra").rglob("*.py"))
COMPONENTS = [file for file in FILES if "settings" not in file.relative_to(ROOT).parts]


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


def test_infra_imports_no_other_folder() -> None:
    """The declared resources must not depend on where and by what the program is run."""
    folders = {entry.name for entry in ROOT.iterdir() if entry.is_dir()} - {"infra"}

    assert [f"{file}: {name}" for file in FILES for name in _imports(file) if _package(name) in folders] == []


def test_components_read_neither_config_nor_stack_name_nor_environment() -> None:
    """The settings have all of it, and are validated before any resource is created."""
    readers = {"Config", "get_stack", "get_project", "get_organization"}
    reads = [
        f"{file}: {node.attr}"
        for file in COMPONENTS
        for node in _nodes(file)
        if isinstance(node, ast.Attribute) and node.attr in readers
    ]

    assert reads == []
    # Build secrets are variables of the machine that deploys, and must not be in the configuration.
    assert {file.name for file in COMPONENTS if "os" in map(_package, _imports(file))} == {"build_secrets.py"}


def test_components_pass_their_options_only_to_the_base_class() -> None:
    """Merged into the options of children they would move, protect and rename these too."""
    constructors = [
        node
        for file in FILES
        for node in _nodes(file)
        if isinstance(node, ast.FunctionDef)
        and "opts" in {arg.arg for arg in (*node.args.args, *node.args.kwonlyargs)}
    ]
    uses = [
        [node for node in ast.walk(constructor) if isinstance(node, ast.Name) and node.id == "opts"]
        for constructor in constructors
    ]
    first_statements = [
        ast.unparse(constructor.body[bool(ast.get_docstring(constructor))]) for constructor in constructors
    ]

    assert len(constructors) > 10
    assert {len(names) for names in uses} == {1}
    assert all(statement.startswith("super().__init__(") for statement in first_statements)
    assert all(statement.endswith("name, None, opts)") for statement in first_statements)


def test_no_private_module_of_a_library_is_imported() -> None:
    private = {
        name
        for file in FILES
        for name in _imports(file)
        if any(part.startswith("_") and part != "__future__" for part in name.split("."))
    }

    assert private == set()
    assert not [file for file in FILES if "runtime.config" in file.read_text()]


def test_modules_have_no_import_cycles_even_for_types() -> None:
    modules = {_module(file) for file in FILES}
    graph = {_module(file): {name for name in _imports(file) if name in modules} for file in FILES}

    assert list(TopologicalSorter(graph).static_order())


def test_main_program_is_short() -> None:
    """Settings, one component, its outputs: everything else belongs into a component."""
    assert len((ROOT / "__main__.py").read_text().splitlines()) <= 60
