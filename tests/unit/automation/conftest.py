"""What the shipped stacks consist of, planned once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from automation.cost.plan import plan
from automation.cost.resources import Stack

STACKS = ("dev", "staging", "prod")


@pytest.fixture(scope="session")
def planned() -> Callable[[str], Stack]:
    """Each stack as its file has it."""
    return cache(plan)
