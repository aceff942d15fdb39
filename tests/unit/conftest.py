"""What holds for every unit test: nothing of the machine that it runs on."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what a developer's shell may have set for AWS and Pulumi, so that no result depends on it."""
    for name in os.environ:
        if name.startswith(("AWS_", "PULUMI_", "LOCAL_")):
            monkeypatch.delenv(name)
