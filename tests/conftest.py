"""What all tests share: where the Pulumi CLI is missing, the tests that need it say so."""

from __future__ import annotations

import os
import shutil

import pytest


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("pulumi") is None or shutil.which("pulumi") is not None:
        return
    if os.environ.get("REQUIRE_PULUMI") == "1":
        pytest.fail("there is no `pulumi` on PATH, and REQUIRE_PULUMI=1 asks for it", pytrace=False)
    pytest.skip(
        "there is no `pulumi` on PATH: install the Pulumi CLI to hold the two engines against another"
    )
