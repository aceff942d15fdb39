"""Plans of the shipped stacks and of the examples, made once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import yaml

from automation.cost.plan import plan
from automation.cost.resources import Stack

ROOT = Path(__file__).parents[3]
STACKS = ("dev", "staging", "prod")
EXAMPLES = sorted(path.stem for path in (ROOT / "docs" / "examples").glob("*.yaml"))


@pytest.fixture(scope="session")
def planned() -> Callable[[str], Stack]:
    """The plan of each shipped stack."""
    return cache(plan)


def project_in(folder: Path, program: str | None = None, **config: object) -> Path:
    """Make a copy of this project with the stack `mine`, with another program if one is given."""
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, folder / name)
    if program is not None:
        (folder / "__main__.py").write_text(program)
    (folder / "app").mkdir()
    (folder / "app" / "Dockerfile").write_text("FROM scratch\n")
    # For the examples' apps.
    (folder / "docs").symlink_to(ROOT / "docs")
    keys = {
        key if ":" in key else f"node-on-ecs:{key}": value
        for key, value in ((key.replace("_", "-"), value) for key, value in config.items())
    }
    (folder / "Pulumi.mine.yaml").write_text(yaml.safe_dump({"config": keys}))
    return folder


@pytest.fixture(scope="session")
def planned_example(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Stack]:
    """The plan of each example in the documents."""

    @cache
    def make(name: str) -> Stack:
        text = (ROOT / "docs" / "examples" / f"{name}.yaml").read_text(encoding="utf-8")
        return plan("mine", project_in(tmp_path_factory.mktemp("project"), **yaml.safe_load(text)["config"]))

    return make
