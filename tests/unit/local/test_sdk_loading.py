"""What the SDK shows must not depend on how it is loaded."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
USED = sorted(
    {
        name
        for path in (ROOT / "infra").rglob("*.py")
        for name in re.findall(r"(?<!\.)\baws\.([a-z0-9]+)\.", path.read_text())
    }
)
NAMES = """
shown = {}
for package in packages:
    module = importlib.import_module(f"pulumi_aws.{package}")
    names = known.get(package) or [n for n in dir(module) if module.outputs and not n.startswith("_")]
    shown[package] = {n: f"{getattr(module, n).__module__}.{getattr(module, n).__name__}" for n in names
                      if hasattr(getattr(module, n), "__module__")}
print(json.dumps(shown))
"""


def run(code: str, *, lazily: bool = True, **given: Any) -> str:
    """Run `code` in an interpreter of its own: what is imported stays imported."""
    lines = ["import importlib, json, sys"]
    if lazily:
        lines += ["from local.sdk_loading import load_what_is_used", "load_what_is_used()"]
    lines += [f"{name} = {value!r}" for name, value in given.items()]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*lines, code])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_name_of_the_used_services_is_what_it_is_without_us() -> None:
    eager = json.loads(run(NAMES, lazily=False, packages=USED, known={}))

    lazy = json.loads(run(NAMES, packages=USED, known={key: list(names) for key, names in eager.items()}))

    assert {"ec2", "ecs", "lb"} <= eager.keys()
    assert lazy == eager


def test_only_what_is_asked_for_is_loaded() -> None:
    loaded = run(
        "import pulumi_aws as aws; aws.ecs.Service; aws.ecs.ServiceArgs;"
        "print(*(n for n in sys.modules if n.startswith('pulumi_aws.ecs.')))"
    ).split()

    assert "pulumi_aws.ecs.service" in loaded
    assert "pulumi_aws.ecs.cluster" not in loaded


@pytest.mark.parametrize("name", ["ecs.Nothing", "ecs.outputs.Nothing"])
def test_a_name_that_is_not_there_is_missing_as_ever(name: str) -> None:
    said = run(f"import pulumi_aws as aws\ntry: aws.{name}\nexcept AttributeError as error: print(error)")

    assert "has no attribute 'Nothing'" in said


def test_types_of_outputs_are_there_for_whoever_asks() -> None:
    said = run("import pulumi_aws as aws; print(aws.lb.outputs.ListenerDefaultAction.__name__)")

    assert said.strip() == "ListenerDefaultAction"
