"""`exceptions`: the form of a control, and a reason that says something."""

from __future__ import annotations

import pytest

from infra.settings import SettingsError
from tests.unit.infra.conftest import DeclareStack

REASON = "the build cache is one tag that moves"


@pytest.mark.parametrize("control", ["ECS.2", "AutoScaling.9", "ECR.2/app-cache"])
def test_an_exception_changes_no_resource(declare_stack: DeclareStack, control: str) -> None:
    """Nothing that is declared depends on it."""
    graphs = [declare_stack("staging", changes) for changes in ({}, {"exceptions": {control: REASON}})]
    without, with_it = ({one.urn: one.inputs for one in graph.resources} for graph in graphs)

    assert with_it == without


@pytest.mark.parametrize(
    ("exceptions", "says"),
    [
        ({"ecs-2": REASON}, "a control of docs/security.md such as ECS.2"),
        ({"ECS.2": ""}, "the reason, in 10 to 200 characters on one line"),
        ({"ECS.2": "because"}, "the reason, in 10 to 200 characters on one line"),
        ({"ECS.2": "x" * 201}, "the reason, in 10 to 200 characters on one line"),
        ({"ECS.2": None}, "exceptions.ECS.2"),
    ],
)
def test_invalid_exceptions_are_refused(
    declare_stack: DeclareStack, exceptions: dict[str, str | None], says: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        declare_stack("staging", {"exceptions": exceptions})

    assert says in str(raised.value)
