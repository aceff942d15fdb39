"""Which service is meant, and what a stack that is not up says."""

from __future__ import annotations

from typing import Any

import pytest

from automation.errors import AutomationError
from automation.operations.place import Place
from tests.unit.automation.operations.places import OUTPUTS, place
from tests.unit.infra.rollout.aws import Aws


def test_without_a_name_the_service_at_the_stacks_own_address_is_meant() -> None:
    assert place(Aws()).choose(None) == "web"


def test_a_service_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(AutomationError, match="has no service 'bob': there are web, web-alice"):
        place(Aws()).choose("bob")


@pytest.mark.parametrize("outputs", [{}, {**OUTPUTS, "service_names": {}}], ids=["nothing", "in part"])
def test_a_stack_that_never_came_up_says_so(outputs: dict[str, Any]) -> None:
    with pytest.raises(AutomationError, match="`python -m automation up dev` goes on with it"):
        Place.of("dev", outputs, Aws())
