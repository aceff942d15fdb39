"""The warning about the account's quota of Fargate vCPUs."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from automation.services.quota import vcpu_warning
from infra.settings import CapacityProvider
from tests.unit.automation.fakes import FakeStacks
from tests.unit.infra.factories import ON_DEMAND, SPOT, service_settings
from tests.unit.infra.rollout.aws import Answer, Aws, ErrorResponse


@dataclass
class Stacks(FakeStacks):
    """A stack that may need `most` vCPUs."""

    most: float = 12
    provider: CapacityProvider = ON_DEMAND

    def settings(self, stack: str) -> Any:
        service = service_settings(capacity_provider_strategy=(self.provider,))
        return SimpleNamespace(most_vcpus=self.most, services=(service,))


def account(quota: float = 6.0) -> Aws:
    return Aws(get_service_quota={"Quota": {"Value": quota}})


def warning(stacks: Stacks) -> str:
    return vcpu_warning(stacks, "dev")  # type: ignore[arg-type]


def test_a_stack_above_the_quota_is_a_warning_with_both_numbers() -> None:
    text = warning(Stacks(account(8.0)))

    assert text.startswith("warning: dev may need up to 12 Fargate vCPUs")
    assert "the account allows 8." in text


@pytest.mark.parametrize("stacks", [Stacks(account(12.0)), Stacks(account(), is_local=True)])
def test_stacks_below_the_quota_and_local_ones_have_no_warning(stacks: Stacks) -> None:
    assert warning(stacks) == ""


def test_a_stack_below_every_accounts_quota_needs_no_request() -> None:
    stacks = Stacks(account(), most=6)

    assert (warning(stacks), stacks.aws.calls) == ("", [])


@pytest.mark.parametrize(
    ("provider", "code"), [(ON_DEMAND, "L-3032A538"), (SPOT, "L-36FBB829")], ids=["on demand", "spot"]
)
def test_spot_has_its_own_quota(provider: CapacityProvider, code: str) -> None:
    stacks = Stacks(account(), provider=provider)

    warning(stacks)

    assert stacks.aws.calls == [("get_service_quota", {"ServiceCode": "fargate", "QuotaCode": code})]


def test_a_role_without_permission_gets_the_quota_of_a_new_account() -> None:
    refused: Answer = ErrorResponse("AccessDeniedException", "not authorized")

    text = warning(Stacks(Aws(get_service_quota=refused)))

    assert "a new account allows 6 (this one's quota is not known: " in text
    assert "not authorized" in text
