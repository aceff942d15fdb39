"""Which files a build sees, compared with BuildKit's own matcher over many generated trees and ignore files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from infra.image.ignore import IgnoreError, kept_files, read_patterns
from local import go
from local.job import Job

MODULE = Path(__file__).with_name("patternmatcher")
NAMES = (
    "a",
    "b",
    "ab",
    "foo",
    "bar",
    "package.json",
    "x.log",
    "node_modules",
    ".git",
    "a b",
    "foo.bar",
    "[a]",
)
PARTS = (
    *(NAMES * 3),
    *(
        "*",
        "**",
        "?",
        "*.log",
        "*.*",
        "foo*",
        "*o*",
        "**foo",
        "foo**",
        "[ab]",
        "[^a]",
        "[a-f]oo",
        "\\*",
        "\\a",
        ".",
    ),
    *("..", "**.json", "?oo", "f?o", "(a)", "a+", "^a", "$"),
)
MALFORMED = ("[", "a[", "[]a]", "[a-]", "a\\", "[^]", "[a-\\")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the reference was built, without the job's own."""
    folder = tmp_path_factory.mktemp("patternmatcher")
    home, module, work = (folder / name for name in ("home", "module", "work"))
    for empty in (home, work):
        empty.mkdir()
    shutil.copytree(MODULE, module)
    with pytest.MonkeyPatch.context() as monkeypatch:
        # Where pip and Go have their settings, which may name the only index that there is.
        settings = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        monkeypatch.setenv("XDG_CONFIG_HOME", settings)
        monkeypatch.setenv("HOME", str(home))
        go.build(
            Job(folder=work, say=print),
            what="BuildKit's matcher",
            module=module,
            package="patternmatcher",
            output=folder / "made" / "reference",
            flags=["-ldflags=-X main.builtBy=this-test"],
        )
    shutil.rmtree(work)
    return folder


@pytest.fixture
def reference(made: Path) -> Path:
    return made / "made" / "reference"


def test_go_builds_a_program_and_leaves_no_other_files(made: Path, reference: Path) -> None:
    """The Pulumi CLI is built by the same function, in minutes instead of seconds."""
    built_by = subprocess.run([reference, "-built-by"], capture_output=True, text=True, check=True)

    assert built_by.stdout == "this-test\n"
    assert {path.name for path in made.iterdir()} == {"home", "module", "made"}
    assert list((made / "home").iterdir()) == []
    assert {path.name for path in (made / "module").iterdir()} == {path.name for path in MODULE.iterdir()}
    assert [path.name for path in reference.parent.iterdir()] == ["reference"]


def tree(random: Random, folder: Path) -> list[str]:
    """Make files, and return all that is there: folders come before what is in them."""
    for _ in range(random.randrange(1, 14)):
        path = folder.joinpath(*random.choices(NAMES, k=random.randrange(1, 5)))
        if not path.is_dir() and not any(parent.is_file() for parent in path.parents):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def ignore_file(random: Random) -> str:
    lines: list[str] = []
    for _ in range(random.randrange(0, 7)):
        pattern = "/".join(random.choices(PARTS, k=random.choice((1, 1, 1, 2, 2, 3, 4))))
        pattern = random.choice(("", "", "", "/", "./")) + pattern + random.choice(("", "", "", "/"))
        line = random.choice(("", "", "!", "! ")) + pattern
        lines.append(random.choice((line, line, line, f"  {line} ", f"# {line}", "")) if lines else line)
        if random.random() < 0.02:
            lines.append(random.choice(MALFORMED))
    return random.choice(("", "", "\ufeff")) + random.choice(("\n", "\n", "\r\n")).join(lines)


def test_build_contexts_hold_the_files_that_buildkit_would_send(reference: Path, tmp_path: Path) -> None:
    random = Random(20261130)  # noqa: S311 - the same at each run
    own_contexts: list[list[str] | None] = []
    cases: list[dict[str, Any]] = []
    for number in range(3000):
        folder = tmp_path / str(number // 10)
        files = tree(random, folder) if number % 10 == 0 else cases[-1]["files"]
        ignore = ignore_file(random)
        cases.append({"ignore": ignore, "files": files})
        try:
            own_contexts.append(sorted(kept_files(folder, read_patterns(ignore), lambda _: False)))
        except IgnoreError:
            own_contexts.append(None)

    run = subprocess.run(
        [reference],
        input="\n".join(map(json.dumps, cases)),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    theirs = [json.loads(line) for line in run.stdout.splitlines()]
    different = [
        (case, own, their)
        for case, own, their in zip(cases, own_contexts, theirs, strict=True)
        if own != (None if their["error"] else their["kept"])
    ]
    assert different[:3] == []
    # So many cases of each kind that the comparison means something.
    assert sum(own is None for own in own_contexts) > 50
    assert (
        sum(
            own is not None and 0 < len(own) < len(case["files"])
            for own, case in zip(own_contexts, cases, strict=True)
        )
        > 300
    )
