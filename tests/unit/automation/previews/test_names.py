"""Which stacks may be created and removed."""

from __future__ import annotations

import pytest

from automation.errors import AutomationError
from automation.previews.names import is_preview, number_of


@pytest.mark.parametrize(
    "stack", ["dev", "prod", "pr", "pr-", "pr-0", "pr-012", "pr-x", "my-pr-1", "pr-1x", "pr-1\n", "pr--1"]
)
def test_no_other_stack_passes_for_one_of_a_pull_request(stack: str) -> None:
    """It would be removed with all that is in it."""
    assert not is_preview(stack)
    with pytest.raises(AutomationError, match="pr-<number>"):
        number_of(stack)


def test_the_number_is_the_pull_requests() -> None:
    assert is_preview("pr-1234")
    assert number_of("pr-1234") == 1234
