"""Settings that a stack can be given and lose again: what they change, and what they leave alone."""

from __future__ import annotations

from typing import Any

import pytest

from local.resources.cloud import Cloud
from tests.integration.project import NO_IMAGE, Project

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("without tasks")]

STACK = "settings"
BOUNDARY = "arn:aws:iam::000000000000:policy/boundary"


@pytest.fixture
def stack(without_tasks: Project) -> Project:
    """A stack with two copies of its service, whatever the test before has made of it."""
    without_tasks.write_without_tasks(STACK, multidev=["alice", "bob"])
    without_tasks.settle(STACK)
    return without_tasks


def client(project: Project, service: Any) -> Any:
    return Cloud(project.endpoint).client(service)


def service_of(project: Project, name: str = "web") -> dict[str, Any]:
    """Return a service as ECS describes it."""
    service = project.resource("aws:ecs/service:Service", name, STACK)["outputs"]
    (found,) = client(project, "ecs").describe_services(
        cluster=service["cluster"], services=[service["name"]]
    )["services"]
    return found


def boundary_of(project: Project, role: str) -> str | None:
    name = project.resource("aws:iam/role:Role", role, STACK)["outputs"]["name"]
    found = client(project, "iam").get_role(RoleName=name)["Role"]
    return found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")


def test_a_boundary_and_ecs_exec_are_added_and_removed_in_place(stack: Project) -> None:
    """A new role would be a new task definition, and new tasks for everybody."""
    roles = {
        f"Role {name}-{kind}" for name in ("web", "web-alice", "web-bob") for kind in ("execution", "task")
    }
    of_bob = {"Service web-bob", "TaskDefinition web-bob", "RolePolicy web-bob-task"}
    copies = ["alice", {"name": "bob", "execute-command": True}]

    def found() -> list[Any]:
        with_exec = [
            name
            for name in ("web", "web-alice", "web-bob")
            if service_of(stack, name)["enableExecuteCommand"]
        ]
        return [boundary_of(stack, "web-task"), with_exec]

    stack.write_without_tasks(STACK, multidev=copies, permissions_boundary=BOUNDARY)
    on, found_on, drift = stack.up(STACK), found(), stack.run("drift", STACK)
    stack.write_without_tasks(STACK, multidev=["alice", "bob"])
    off = stack.up(STACK)

    assert (on.changed, off.changed) == (roles | of_bob, roles | of_bob)
    assert (found_on, found()) == ([BOUNDARY, ["web-bob"]], [None, []])
    assert drift.code == 0, drift.text


def test_adding_and_removing_a_copy_changes_only_its_own_resources(stack: Project) -> None:
    stack.write_without_tasks(STACK, multidev=["bob", "carol"])

    run = stack.up(STACK)

    assert {"Service web-alice", "Service web-carol"} <= run.changed
    assert {name for name in run.changed if "alice" not in name and "carol" not in name} == set()


def test_a_service_changes_its_strategy_and_back_in_place(stack: Project) -> None:
    """Neither the target group nor the rule that users go through is another one."""
    before = service_of(stack)
    stack.write_without_tasks(STACK, multidev=["alice", "bob"], rollout={"strategy": "canary"})

    there, after = stack.up(STACK), service_of(stack)
    stack.write_without_tasks(STACK, multidev=["alice", "bob"])
    back = stack.up(STACK)

    configuration = after["deploymentConfiguration"]
    assert configuration["strategy"] == "CANARY"
    assert configuration["canaryConfiguration"] == {"canaryPercent": 25, "canaryBakeTimeInMinutes": 10}
    assert after["loadBalancers"][0]["advancedConfiguration"]["roleArn"]
    assert "advancedConfiguration" not in service_of(stack)["loadBalancers"][0]
    assert {"Service web"} <= there.changed & back.changed
    assert not {"TargetGroup web", "ListenerRule web"} & (there.changed | back.changed)
    assert after["serviceArn"] == before["serviceArn"]
    assert after["loadBalancers"][0]["targetGroupArn"] == before["loadBalancers"][0]["targetGroupArn"]


def test_ipv6_is_added_and_removed_in_place_and_the_ranges_stay(stack: Project) -> None:
    """AWS takes no range from a VPC while subnets have a part of it, and Pulumi updates the VPC first."""

    def found() -> tuple[str, list[str]]:
        balancer = stack.resource("aws:lb/loadBalancer:LoadBalancer", "load-balancer", STACK)
        in_vpc = [
            r for r in stack.resources(STACK) if r["type"] in ("aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet")
        ]
        ranges = [r["outputs"].get("ipv6CidrBlock") for r in in_vpc]
        return balancer["outputs"]["ipAddressType"], sorted(filter(None, ranges))

    stack.write_without_tasks(STACK, multidev=["alice", "bob"], ipv6=True)
    on, found_on = stack.up(STACK), found()
    stack.write_without_tasks(STACK, multidev=["alice", "bob"])
    off, found_off = stack.up(STACK), found()

    assert (found_on[0], found_off[0]) == ("dualstack", "ipv4")
    # The VPC's, and those of two public subnets.
    assert len(found_on[1]) == 3
    assert found_off[1] == found_on[1]
    assert "Vpc network" in on.changed
    assert "Vpc network" not in off.changed


def test_a_name_moves_to_another_service_and_a_listener_gets_another_protocol(stack: Project) -> None:
    """A second record of the name is refused, and so are a TLS policy for TCP and addresses in use."""
    name, mqtt = "shop.example.com", {"exposure": "tcp", "listener-port": 8883}

    def write(protocol: str, *, fixed: bool, api: dict[str, Any], **changes: Any) -> None:
        services = {"api": api, "mqtt": {**mqtt, "listener-protocol": protocol}}
        balancer = {"network_load_balancer": {"fixed-addresses": True}} if fixed else {}
        stack.write_without_tasks(STACK, multidev=[], services=services, **balancer, **changes)

    write("tls", fixed=True, api={}, aliases=[name])
    stack.up(STACK)
    write("tcp", fixed=False, api={"redirect-hosts": [name]})
    changed = stack.up(STACK).changed

    assert "Record shop.example.com-ipv4" not in changed
    assert {"Listener mqtt", "LoadBalancer network-load-balancer", "ListenerRule api-redirect"} <= changed
    assert stack.run("drift", STACK).code == 0


def test_rules_of_a_canary_service_get_its_new_target_groups(stack: Project) -> None:
    """ECS changes the rules' actions, so Pulumi ignores them until the groups are replaced."""
    canary = {"multidev": [], "rollout": {"strategy": "canary"}}
    stack.write_without_tasks(STACK, **canary)
    stack.up(STACK)
    stack.write_without_tasks(STACK, **canary, protocol_version="http2")
    stack.up(STACK)

    arns = {
        stack.resource("aws:lb/targetGroup:TargetGroup", name, STACK)["outputs"]["arn"]
        for name in ("web", "web-green")
    }
    for name in ("web", "web-test"):
        (action,) = stack.resource("aws:lb/listenerRule:ListenerRule", name, STACK)["inputs"]["actions"]
        assert {group["arn"] for group in action["forward"]["targetGroups"]} == arns


def test_attached_stacks_are_deleted_before_their_base(without_tasks: Project) -> None:
    """By name the base comes first, and on AWS its cluster could not go while a service is in it."""
    without_tasks.write_without_tasks("base")
    without_tasks.write("guest", attach_to="base", domain="base.example.com", desired_count=0, image=NO_IMAGE)
    without_tasks.up("base")
    without_tasks.up("guest")

    down = without_tasks.done("down", "base", "guest")

    deleted = [line.split()[1:3] for line in down.err.splitlines() if " deleted (" in line]
    assert deleted.index(["aws:ecs:Service", "web-guest"]) < deleted.index(["aws:ecs:Cluster", "cluster"])
