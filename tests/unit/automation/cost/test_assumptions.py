"""Assumptions and their overrides."""

from __future__ import annotations

import pytest

from automation.cost.assumptions import Assumptions
from automation.errors import AutomationError


def test_an_override_changes_one_assumption() -> None:
    changed = Assumptions.with_overrides(["requests=5e6", "nat-gb=0.5"])

    assert (changed.requests, changed.nat_gb, changed.hours) == (5_000_000, 0.5, 730)


def test_a_name_may_have_underscores() -> None:
    assert Assumptions.with_overrides(["response_kb=1"]).response_kb == 1


def test_an_unknown_name_is_rejected_with_the_nearest() -> None:
    with pytest.raises(
        AutomationError, match=r"no assumption 'request'; did you mean requests.*there are hours, "
    ):
        Assumptions.with_overrides(["request=1"])


@pytest.mark.parametrize("text", ["", "many", "-1", "inf", "nan"])
def test_a_value_that_is_not_a_number_from_zero_is_rejected(text: str) -> None:
    with pytest.raises(AutomationError, match="is not a number from 0"):
        Assumptions.with_overrides([f"hours={text}"])


def test_assumptions_are_described_in_the_order_of_the_class() -> None:
    described = Assumptions().described(["logs_gb", "hours", "hours"])

    assert [(name, value) for name, value, _ in described] == [("hours", 730), ("logs-gb", 0.1)]
