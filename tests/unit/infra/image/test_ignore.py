"""Ignore files, by BuildKit's rules; an integration test compares with moby/patternmatcher."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.image.ignore import IgnoreError, kept_files, read_patterns

TREE = (
    *("README.md", "packages/a/package.json", "packages/a/index.js", "packages/b/c/package.json"),
    *("node_modules/x/index.js", "src/x.log", "src/keep.log", "a b.txt", "foo/bar", "xfoo"),
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


def kept(tree: Path, *lines: str) -> set[str]:
    return {*kept_files(tree, read_patterns("\n".join(lines)), lambda _: False)}


def ignored(tree: Path, *lines: str) -> set[str]:
    return {*TREE} - kept(tree, *lines)


def test_all_files_are_kept_without_patterns(tree: Path) -> None:
    assert kept(tree) == {*TREE}


@pytest.mark.parametrize(
    "lines",
    [("*", "!packages/*/package.json"), ("*", "!packages/a/package.json"), ("**", "!packages/a/p*.json")],
)
def test_files_below_an_ignored_folder_can_be_kept(tree: Path, lines: tuple[str, ...]) -> None:
    assert kept(tree, *lines) == {"packages/a/package.json"}


def test_name_can_be_kept_in_every_folder(tree: Path) -> None:
    both = {"packages/a/package.json", "packages/b/c/package.json"}

    assert kept(tree, "*", "!**/package.json") == both
    assert kept(tree, "packages", "!**/package.json") & both == both


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("node_modules", {"node_modules/x/index.js"}),
        ("/node_modules/", {"node_modules/x/index.js"}),
        ("./src/../src/*.log", {"src/x.log", "src/keep.log"}),
        ("**/*.log", {"src/x.log", "src/keep.log"}),
        ("**/index.js", {"packages/a/index.js", "node_modules/x/index.js"}),
        ("**foo", {"xfoo", "foo/bar"}),
        ("foo/**", {"foo/bar"}),
        ("pack**", {name for name in TREE if name.startswith("packages")}),
        ("a?b.txt", {"a b.txt"}),
        ("[a-f]oo", {"foo/bar"}),
        ("[^x]oo", {"foo/bar"}),
        ("a\\ b.txt", {"a b.txt"}),
        ("*.md", {"README.md"}),
        ("index.js", set()),
        ("..", set()),
        (".", set()),
        ("# foo", set()),
        ("  foo  ", {"foo/bar"}),
        ("README.md\r", {"README.md"}),
        ("\ufefffoo", {"foo/bar"}),
    ],
)
def test_pattern_ignores_the_same_files_as_in_buildkit(tree: Path, line: str, names: set[str]) -> None:
    assert ignored(tree, line) == names


def test_last_match_wins(tree: Path) -> None:
    assert ignored(tree, "**/*.log", "!src/keep.log") == {"src/x.log"}
    assert ignored(tree, "!src/keep.log", "**/*.log") == {"src/x.log", "src/keep.log"}


def test_folder_without_kept_files_is_not_read(tree: Path) -> None:
    """`node_modules` may have a hundred thousand files."""
    visited: list[str] = []

    def skipped(folder: Path) -> bool:
        visited.append(str(folder.relative_to(tree)))
        return False

    list(kept_files(tree, read_patterns("node_modules\npackages\n!packages/a"), skipped))

    assert "node_modules/x" not in visited
    assert "packages/a" in visited


@pytest.mark.parametrize("line", ["[", "a[", "[]a]", "[a-]", "[-]", "[^]", "a\\", "[a", "x/[b-/c"])
def test_patterns_that_are_malformed_in_go_are_rejected(line: str) -> None:
    with pytest.raises(IgnoreError):
        read_patterns(line)
