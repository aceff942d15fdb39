"""Whether the account has the vCPUs that a stack may take."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from automation.services.quota import vcpu_warning
from infra.settings import CapacityProvider
from tests.unit.automation.fakes import FakeStacks
from tests.unit.infra.factories import ON_DEMAND, SPOT, service_settings
from tests.unit.infra.rollout.aws import Answer, Aws, Refused


@dataclass
class Stacks(FakeStacks):
    """A stack that may take some vCPUs."""

    most: float = 12
    provider: CapacityProvider = ON_DEMAND

    def settings(self, stack: str) -> Any:
        service = service_settings(capacity_provider_strategy=(self.provider,))
        return SimpleNamespace(most_vcpus=self.most, services=(service,))


def account(quota: float = 6.0) -> Aws:
    return Aws(get_service_quota={"Quota": {"Value": quota}})


def warning(stacks: Stacks) -> str:
    return vcpu_warning(stacks, "dev")  # type: ignore[arg-type]


def test_more_than_the_account_allows_is_said_with_both_numbers() -> None:
    said = warning(Stacks(account(8.0)))

    assert said.startswith("warning: dev may need up to 12 Fargate vCPUs")
    assert "the account allows 8." in said


@pytest.mark.parametrize("stacks", [Stacks(account(12.0)), Stacks(account(), is_local=True)])
def test_nothing_is_said_where_they_are_enough_or_cost_nothing(stacks: Stacks) -> None:
    assert warning(stacks) == ""


def test_what_every_account_has_needs_no_question() -> None:
    stacks = Stacks(account(), most=6)

    assert (warning(stacks), stacks.aws.asked) == ("", [])


@pytest.mark.parametrize(
    ("provider", "code"), [(ON_DEMAND, "L-3032A538"), (SPOT, "L-36FBB829")], ids=["on demand", "spot"]
)
def test_spot_has_a_quota_of_its_own(provider: CapacityProvider, code: str) -> None:
    stacks = Stacks(account(), provider=provider)

    warning(stacks)

    assert stacks.aws.asked == [("get_service_quota", {"ServiceCode": "fargate", "QuotaCode": code})]


def test_a_role_that_may_not_ask_is_told_what_a_new_account_has() -> None:
    refused: Answer = Refused("AccessDeniedException", "not authorized")

    said = warning(Stacks(Aws(get_service_quota=refused)))

    assert "a new account allows 6 (this one's quota is not known: " in said
    assert "not authorized" in said
