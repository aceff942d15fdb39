"""The benchmark measures what its table has: at the smallest size, once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.contenders import ROOT, Cdk, LocalRun
from bench.report import median, rows

pytestmark = pytest.mark.docker


REPEATED = {LocalRun.name: {"warm"}, Cdk.name: {"warm", "unchanged", "many", "synth-1"}}
"""Figures whose commands another figure runs: `Sizes.repeated`."""


def test_every_scenario_is_measured_for_both_contenders(
    tmp_path: Path,
) -> None:
    file = tmp_path / "results.json"
    command = (sys.executable, "-m", "bench", "--smallest", str(file))

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=900)

    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(file.read_text())
    names = (LocalRun.name, *([Cdk.name] if shutil.which("npm") else []))
    missing = [
        f"{what}: {name}"
        for name in names
        for what in rows(results).keys() - REPEATED[name]
        if not median(results["figures"].get(what, {}), name, "seconds")
    ]
    assert missing == []
