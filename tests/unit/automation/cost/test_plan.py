"""What a stack would consist of, found without a cloud."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from automation.cost.capacity import GROUP, PROVIDER, TEMPLATE
from automation.cost.meters import FREE, METERS
from automation.cost.plan import plan
from automation.cost.resources import Stack, block_of
from automation.errors import AutomationError
from tests.unit.automation.conftest import EXAMPLES, STACKS, project_in

SERVICE = "aws:ecs/service:Service"
INSTANCES = """
import pulumi_aws as aws

template = aws.ec2.LaunchTemplate("own", image_id=aws.ssm.get_parameter_output(name="/ami").value)
group = aws.autoscaling.Group(
    "own",
    min_size=0,
    max_size=4,
    mixed_instances_policy={
        "launch_template": {
            "launch_template_specification": {
                "launch_template_id": template.id,
                "version": template.latest_version.apply(str),
            },
            "overrides": [{"instance_type": "m7g.large"}],
        },
    },
)
aws.ecs.CapacityProvider("own", auto_scaling_group_provider={"auto_scaling_group_arn": group.arn})
"""


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """A copy of this project with a stack of its own."""

    def make(program: str | None = None, **config: object) -> Path:
        return project_in(tmp_path, program, **config)

    return make


@pytest.mark.parametrize("name", STACKS)
def test_every_type_that_the_program_registers_is_priced_or_free_for_a_reason(
    name: str, planned: Callable[[str], Stack]
) -> None:
    types = {resource.type for resource in planned(name).resources}

    assert sorted(types - METERS.keys() - FREE.keys()) == []
    assert all(FREE[token] for token in types & FREE.keys())


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_type_that_the_examples_declare_is_priced_or_free_for_a_reason(
    example: str, planned_example: Callable[[str], Stack]
) -> None:
    types = {resource.type for resource in planned_example(example).resources}

    assert sorted(types - METERS.keys() - FREE.keys()) == []


def test_a_group_of_instances_leads_to_its_launch_template_and_its_provider(
    project: Callable[..., Path],
) -> None:
    """Of all that a preview does not know yet, these tell what the tasks on instances cost."""
    found = plan("mine", project(INSTANCES))
    (group,) = found.all(GROUP)
    policy = block_of(group.block("mixedInstancesPolicy"), "launchTemplate")
    (template,), (provider,) = found.all(TEMPLATE), found.all(PROVIDER)

    assert block_of(policy, "launchTemplateSpecification")["launchTemplateId"] == template.properties["id"]
    assert provider.block("autoScalingGroupProvider")["autoScalingGroupArn"] == group.properties["arn"]
    assert provider.properties["name"] == "own"


def test_a_service_and_each_of_its_copies_is_there_with_its_tasks(planned: Callable[[str], Stack]) -> None:
    counts = {service.name: service.whole("desiredCount") for service in planned("dev").all(SERVICE)}

    assert counts == {"web": 1, "web-alice": 1, "web-bob": 1}


def test_a_stack_that_attaches_to_another_has_its_own_things_alone(project: Callable[..., Path]) -> None:
    """What the other one looks like is not known, and it costs nothing here."""
    stack = plan("mine", project(attach_to="dev", domain="dev.example.com"))

    assert [service.name for service in stack.all(SERVICE)] == ["web-mine"]
    assert {resource.type for resource in stack.resources} <= METERS.keys() | FREE.keys()
    assert stack.all("aws:lb/loadBalancer:LoadBalancer") == []


@pytest.mark.parametrize("name", STACKS)
def test_every_service_leads_to_its_own_task_definition(name: str, planned: Callable[[str], Stack]) -> None:
    stack = planned(name)
    found = [stack.by_arn(service.properties["taskDefinition"]) for service in stack.all(SERVICE)]

    assert [definition.name if definition else None for definition in found] == [
        service.name for service in stack.all(SERVICE)
    ]


def test_the_vpc_is_taken_apart_into_its_gateways_and_addresses(planned: Callable[[str], Stack]) -> None:
    gateways = {name: len(planned(name).all("aws:ec2/natGateway:NatGateway")) for name in STACKS}

    assert gateways == {"dev": 0, "staging": 1, "prod": 3}
    assert len(planned("prod").all("aws:ec2/eip:Eip")) == 3


def test_the_subnets_of_the_vpc_are_known_by_kind_and_zone(planned: Callable[[str], Stack]) -> None:
    subnets = planned("dev").all("aws:ec2/subnet:Subnet")
    found = {(one.block("tags")["SubnetType"], one.properties["availabilityZone"]) for one in subnets}

    assert found == {(kind, zone) for kind in ("Public", "Private") for zone in ("us-east-1a", "us-east-1b")}


def test_the_containers_of_a_task_are_known_before_its_image_is(planned: Callable[[str], Stack]) -> None:
    (definition,) = planned("prod").all("aws:ecs/taskDefinition:TaskDefinition")
    (container,) = json.loads(definition.properties["containerDefinitions"])

    assert (container["name"], container["portMappings"][0]["containerPort"]) == ("web", 3000)


def test_the_load_balancer_knows_in_how_many_zones_it_is(planned: Callable[[str], Stack]) -> None:
    (balancer,) = planned("prod").all("aws:lb/loadBalancer:LoadBalancer")

    assert len(balancer.texts("subnets")) == 3


def test_the_region_and_the_budget_are_those_of_the_configuration(project: Callable[..., Path]) -> None:
    stack = plan("mine", project(**{"aws:region": "eu-west-1", "monthly-budget-usd": 12}))

    assert (stack.region, stack.monthly_budget_usd) == ("eu-west-1", 12)


def test_it_is_known_how_many_vcpus_a_stack_takes_at_most(planned: Callable[[str], Stack]) -> None:
    assert {name: planned(name).most_vcpus for name in STACKS} == {"dev": 1.5, "staging": 2, "prod": 24}


def test_a_stack_that_names_no_budget_has_none(project: Callable[..., Path]) -> None:
    assert plan("mine", project()).monthly_budget_usd is None


def test_a_budget_below_nothing_is_refused(project: Callable[..., Path]) -> None:
    with pytest.raises(AutomationError, match="monthly-budget-usd = -1: a whole number, 0 or more"):
        plan("mine", project(monthly_budget_usd=-1))


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
def test_whatever_the_configuration_asks_for_can_be_planned(
    config: dict[str, object], project: Callable[..., Path]
) -> None:
    stack = plan("mine", project(**config))

    assert [service.name for service in stack.all(SERVICE)] == ["web"]
    assert {resource.type for resource in stack.resources} <= METERS.keys() | FREE.keys()


def test_a_stack_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(AutomationError, match=r"stack 'prd' has no file .* did you mean 'prod'\?"):
        plan("prd")


def test_a_wrong_configuration_is_refused_as_a_deployment_would_refuse_it(
    project: Callable[..., Path],
) -> None:
    with pytest.raises(AutomationError, match='nat = "many": one of none, single, one-per-az'):
        plan("mine", project(nat="many"))


def test_a_function_without_an_answer_is_refused_by_name(project: Callable[..., Path]) -> None:
    program = "import pulumi_aws as aws\naws.rds.get_engine_version(engine='mysql')\n"

    with pytest.raises(AutomationError, match=r"getEngineVersion, which has no answer .*/plan\.py"):
        plan("mine", project(program))


def test_what_another_stack_has_is_unknown_and_stops_nothing(project: Callable[..., Path]) -> None:
    program = (
        "import pulumi, pulumi_aws as aws\n"
        "other = pulumi.StackReference('dev')\n"
        "aws.ec2.Eip('address', instance=other.require_output('instance').apply(lambda value: value.upper()))\n"
    )

    (address,) = plan("mine", project(program)).resources
    assert "instance" not in address.properties


def test_no_gate_around_a_rollout_takes_it_for_one(project: Callable[..., Path]) -> None:
    """Gates ask AWS how a deployment goes; in previews they do not."""
    program = "import pulumi\nassert pulumi.runtime.is_dry_run()\n"

    assert plan("mine", project(program)).resources == ()


def test_the_program_runs_in_its_folder_and_the_caller_stays_in_another(project: Callable[..., Path]) -> None:
    before = Path.cwd()
    root = project("import pathlib\nassert pathlib.Path('Pulumi.mine.yaml').exists()\n")
    plan("mine", root)

    assert Path.cwd() == before
