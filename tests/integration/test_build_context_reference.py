"""Which files a build sees, compared with BuildKit's own matcher over many generated trees and ignore files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from random import Random

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


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("patternmatcher")
    program = folder / "reference"
    go.build(
        Job(folder=folder / "work", say=print),
        what="BuildKit's matcher",
        module=MODULE,
        package="patternmatcher",
        output=program,
    )
    return program


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


def test_every_build_context_is_the_one_that_buildkit_sees(reference: Path, tmp_path: Path) -> None:
    random = Random(20261130)  # noqa: S311 - the same at each run
    ours: list[list[str] | None] = []
    cases: list[dict[str, object]] = []
    for number in range(3000):
        folder = tmp_path / str(number // 10)
        files = tree(random, folder) if number % 10 == 0 else [str(name) for name in cases[-1]["files"]]  # type: ignore[union-attr]
        ignore = ignore_file(random)
        cases.append({"ignore": ignore, "files": files})
        try:
            ours.append(sorted(kept_files(folder, read_patterns(ignore), lambda _: False)))
        except IgnoreError:
            ours.append(None)

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
        for case, own, their in zip(cases, ours, theirs, strict=True)
        if own != (None if their["error"] else their["kept"])
    ]
    assert different[:3] == []
    # So many cases of each kind that the comparison means something.
    assert sum(own is None for own in ours) > 50
    assert (
        sum(
            own is not None and 0 < len(own) < len(case["files"])
            for own, case in zip(ours, cases, strict=True)
        )
        > 300
    )  # type: ignore[arg-type]
