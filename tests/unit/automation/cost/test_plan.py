"""The resources that the program declares for a stack, found without AWS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from automation.cost.capacity import GROUP, PROVIDER, TEMPLATE
from automation.cost.meters import FREE, METERS
from automation.cost.plan import plan
from automation.cost.resources import Stack, block_of
from automation.errors import AutomationError
from tests.unit.automation.conftest import EXAMPLES, STACKS, project_in
from tests.unit.automation.cost.bills import SERVICE


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that copies this project with the stack `mine`."""

    def make(program: str | None = None, **config: object) -> Path:
        return project_in(tmp_path, program, **config)

    return make


def unknown_types(stack: Stack) -> list[str]:
    return sorted({resource.type for resource in stack.resources} - METERS.keys() - FREE.keys())


@pytest.mark.parametrize("name", STACKS)
def test_every_type_of_a_shipped_stack_is_priced_or_free(name: str, planned: Callable[[str], Stack]) -> None:
    assert unknown_types(planned(name)) == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_type_of_an_example_is_priced_or_free(
    example: str, planned_example: Callable[[str], Stack]
) -> None:
    assert unknown_types(planned_example(example)) == []


def test_services_refer_to_capacity_providers_groups_and_launch_templates(
    planned_example: Callable[[str], Stack],
) -> None:
    """These references lead to the price of tasks on instances."""
    found = planned_example("ec2")
    (group,), (template,), (provider,) = found.all(GROUP), found.all(TEMPLATE), found.all(PROVIDER)
    policy = block_of(group.block("mixedInstancesPolicy"), "launchTemplate")
    strategies = [service.blocks("capacityProviderStrategies") for service in found.all(SERVICE)]

    assert block_of(policy, "launchTemplateSpecification")["launchTemplateId"] == template.properties["id"]
    assert provider.block("autoScalingGroupProvider")["autoScalingGroupArn"] == group.properties["arn"]
    assert provider.properties["name"] in {item["capacityProvider"] for of in strategies for item in of}


def test_an_attached_stack_has_its_own_resources_only(project: Callable[..., Path]) -> None:
    stack = plan("mine", project(attach_to="dev", domain="dev.example.com"))

    assert [service.name for service in stack.all(SERVICE)] == ["web-mine"]
    assert unknown_types(stack) == []
    assert stack.all("aws:lb/loadBalancer:LoadBalancer") == []


def test_the_vpc_has_its_nat_gateways_and_addresses(planned: Callable[[str], Stack]) -> None:
    gateways = {name: len(planned(name).all("aws:ec2/natGateway:NatGateway")) for name in STACKS}

    assert gateways == {"dev": 0, "staging": 1, "prod": 3}
    assert len(planned("prod").all("aws:ec2/eip:Eip")) == 3


def test_region_and_budget_come_from_the_configuration(project: Callable[..., Path]) -> None:
    stack = plan("mine", project(**{"aws:region": "eu-west-1", "monthly-budget-usd": 12}))

    assert (stack.region, stack.monthly_budget_usd) == ("eu-west-1", 12)


def test_a_stack_without_a_budget_has_none(project: Callable[..., Path]) -> None:
    assert plan("mine", project()).monthly_budget_usd is None


def test_the_maximum_of_vcpus_comes_from_the_settings(planned: Callable[[str], Stack]) -> None:
    assert {name: planned(name).most_vcpus for name in STACKS} == {"dev": 1.5, "staging": 2, "prod": 24}


@pytest.mark.parametrize(
    "config",
    [
        {"nat": "one-per-az", "ipv6": True, "availability_zones": 4},
        {
            "vpc_id": "vpc-12345678",
            "public_subnet_ids": ["subnet-12345678", "subnet-12345679"],
            "nat": "none",
        },
        {"image": "public.ecr.aws/docker/library/nginx:1"},
        {"image": "000000000000.dkr.ecr.us-east-1.amazonaws.com/web:1"},
        {"image_from": "dev", "repository": "shared"},
        {"domain": "www.example.com", "container_insights": "enhanced", "architecture": "x86_64"},
        {"secrets": {"KEY": "arn:aws:secretsmanager:us-east-1:000000000000:secret:key-AbCdEf"}},
    ],
    ids=lambda config: next(iter(config)),
)
def test_configurations_can_be_planned(config: dict[str, object], project: Callable[..., Path]) -> None:
    stack = plan("mine", project(**config))

    assert [service.name for service in stack.all(SERVICE)] == ["web"]
    assert unknown_types(stack) == []


def test_a_stack_without_a_file_is_rejected_with_the_nearest_name() -> None:
    with pytest.raises(AutomationError, match=r"stack 'prd' has no file .* did you mean 'prod'\?"):
        plan("prd")


def test_an_invalid_configuration_is_rejected_as_by_a_deployment(project: Callable[..., Path]) -> None:
    with pytest.raises(AutomationError, match='nat = "many": one of none, single, one-per-az'):
        plan("mine", project(nat="many"))


def test_a_function_without_a_placeholder_is_rejected_by_name(project: Callable[..., Path]) -> None:
    program = "import pulumi_aws as aws\naws.rds.get_engine_version(engine='mysql')\n"

    with pytest.raises(AutomationError, match=r"getEngineVersion, which has no answer .*/plan\.py"):
        plan("mine", project(program))


def test_outputs_of_another_stack_are_unknown(project: Callable[..., Path]) -> None:
    program = (
        "import pulumi, pulumi_aws as aws\n"
        "other = pulumi.StackReference('dev')\n"
        "aws.ec2.Eip('address', instance=other.require_output('instance').apply(lambda value: value.upper()))\n"
    )

    (address,) = plan("mine", project(program)).resources
    assert "instance" not in address.properties


def test_the_program_runs_as_in_a_preview(project: Callable[..., Path]) -> None:
    """In a deployment it would request the state of the rollout from AWS."""
    program = "import pulumi\nassert pulumi.runtime.is_dry_run()\n"

    assert plan("mine", project(program)).resources == ()


def test_the_program_runs_in_its_folder_and_the_caller_keeps_its_own(project: Callable[..., Path]) -> None:
    before = Path.cwd()
    root = project("import pathlib\nassert pathlib.Path('Pulumi.mine.yaml').exists()\n")
    plan("mine", root)

    assert Path.cwd() == before
