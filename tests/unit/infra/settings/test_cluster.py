"""Rules for what the tasks run on."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import CapacityProvider
from tests.unit.infra.settings_fixtures import refuses, settings_of

FARGATE = {"capacity-provider": "FARGATE", "weight": 1}
SPOT = {"capacity-provider": "FARGATE_SPOT", "weight": 3}


def strategy(*lines: dict[str, Any]) -> dict[str, Any]:
    return {"capacity-provider-strategy": list(lines)}


def test_one_task_on_fargate_and_three_of_four_others_on_spot() -> None:
    assert settings_of(strategy({**FARGATE, "base": 1}, SPOT)).cluster.capacity_provider_strategy == (
        CapacityProvider(capacity_provider="FARGATE", weight=1, base=1),
        CapacityProvider(capacity_provider="FARGATE_SPOT", weight=3, base=0),
    )


@pytest.mark.parametrize(
    ("config", "at", "says"),
    [
        ({"container-insights": "on"}, "container-insights", "one of disabled, enabled, enhanced"),
        (
            strategy({**FARGATE, "capacity-provider": "EC2"}),
            "capacity-provider-strategy[0].capacity-provider",
            "one of FARGATE, FARGATE_SPOT",
        ),
        (
            strategy({**FARGATE, "base": 1}, {**SPOT, "base": 2}),
            "capacity-provider-strategy[1].base",
            "only one capacity provider of a strategy may have a base",
        ),
        (
            strategy(FARGATE, FARGATE),
            "capacity-provider-strategy[1].capacity-provider",
            "each capacity provider once",
        ),
        (
            strategy({**FARGATE, "weight": 0}, {**SPOT, "weight": 0}),
            'capacity-provider-strategy = [{"capacity-provider": "FARGATE", "weight": 0, "base": 0}, ',
            "at least one capacity provider with a weight above 0",
        ),
        (strategy(), "capacity-provider-strategy", "at least one capacity provider"),
    ],
)
def test_what_is_wrong_is_refused(config: dict[str, Any], at: str, says: str) -> None:
    refuses(config, at, says)
