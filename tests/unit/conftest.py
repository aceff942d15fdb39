"""What holds for every unit test: nothing of the machine that it runs on."""

from __future__ import annotations

import gc
import os

import pytest


def pytest_collection_finish() -> None:
    """Keep the SDKs, which stay, out of each later garbage collection: most of its time goes there."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what a developer's shell may have set for AWS and Pulumi, so that no result depends on it."""
    for name in os.environ:
        if name.startswith(("AWS_", "PULUMI_", "LOCAL_")):
            monkeypatch.delenv(name)
