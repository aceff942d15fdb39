"""`exceptions`: the form of a control, and a reason that explains it."""

from __future__ import annotations

import pytest

from tests.unit.infra.conftest import DeclareStack
from tests.unit.infra.settings_fixtures import refuses

REASON = "the build cache is one tag that moves"
CONTROLS = ("ECS.2", "AutoScaling.9", "CKV_AWS_338", "ECR.2/app-cache")


def test_exceptions_change_no_resource(declare_stack: DeclareStack) -> None:
    changes = {"exceptions": dict.fromkeys(CONTROLS, REASON)}
    graphs = declare_stack("staging", {}), declare_stack("staging", changes)
    without, with_them = ({one.urn: one.inputs for one in graph.resources} for graph in graphs)

    assert with_them == without


@pytest.mark.parametrize(
    ("exceptions", "message"),
    [
        ({"ecs-2": REASON}, "exceptions.ecs-2: … a control of docs/security.md such as ECS.2"),
        ({"ECS.2": ""}, 'exceptions.ECS.2 = "": … the reason, in 10 to 200 characters on one line'),
        ({"ECS.2": "because"}, 'exceptions.ECS.2 = "because": … the reason, in 10 to 200 characters'),
        ({"ECS.2": "x" * 201}, "exceptions.ECS.2 = … the reason, in 10 to 200 characters"),
        ({"ECS.2": None}, "exceptions.ECS.2 = null: … the reason"),
    ],
)
def test_invalid_exceptions_are_refused(exceptions: dict[str, str | None], message: str) -> None:
    refuses({"exceptions": exceptions}, message)
