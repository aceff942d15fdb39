"""Names of pull requests' stacks."""

from __future__ import annotations

import pytest

from automation.errors import AutomationError
from automation.previews.names import is_preview, number_of


@pytest.mark.parametrize(
    "stack", ["dev", "prod", "pr", "pr-", "pr-0", "pr-012", "pr-x", "my-pr-1", "pr-1x", "pr-1\n", "pr--1"]
)
def test_other_names_are_rejected(stack: str) -> None:
    """Such a stack would be destroyed."""
    assert not is_preview(stack)
    with pytest.raises(AutomationError, match="pr-<number>"):
        number_of(stack)


def test_the_name_has_the_number_of_the_pull_request() -> None:
    assert is_preview("pr-1234")
    assert number_of("pr-1234") == 1234
