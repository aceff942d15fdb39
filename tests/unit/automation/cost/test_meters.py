"""What each kind of resource is billed by."""

from __future__ import annotations

import pytest

from automation.cost.meters import FREE, METERS, shares
from tests.unit.automation.cost.bills import (
    CLUSTER,
    LOAD_BALANCER,
    LOG_GROUP,
    NAT_GATEWAY,
    bill,
    quantities,
    resource,
    service,
    task,
)


def test_a_task_takes_its_vcpus_and_its_memory_for_every_hour_of_the_month() -> None:
    assert quantities(task(), service(desiredCount=3), hours=100) == pytest.approx(
        {"fargate-arm64-vcpu": 150, "fargate-arm64-memory": 300}
    )


def test_a_task_without_an_architecture_is_an_x86_one() -> None:
    assert quantities(task(runtimePlatform=None), service(), hours=2) == pytest.approx(
        {"fargate-x86_64-vcpu": 1, "fargate-x86_64-memory": 2}
    )


def test_spot_has_prices_of_its_own() -> None:
    spot = service(capacityProviderStrategies=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}])

    assert quantities(task(), spot, hours=2) == pytest.approx(
        {"fargate-spot-arm64-vcpu": 1, "fargate-spot-arm64-memory": 2}
    )


def test_a_service_without_a_strategy_has_its_launch_type() -> None:
    old = service(capacityProviderStrategies=None, launchType="FARGATE")

    assert "fargate-arm64-vcpu" in quantities(task(), old)


def test_a_service_with_neither_has_the_strategy_of_its_cluster() -> None:
    leaning = service(capacityProviderStrategies=None)
    capacity = resource(
        "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
        defaultCapacityProviderStrategies=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
    )

    assert "fargate-spot-arm64-vcpu" in quantities(task(), leaning, capacity)


@pytest.mark.parametrize(
    ("tasks", "strategy", "expected"),
    [
        (4, [("FARGATE", 1, 1), ("FARGATE_SPOT", 3, 0)], {"FARGATE": 1.75, "FARGATE_SPOT": 2.25}),
        (1, [("FARGATE", 0, 1), ("FARGATE_SPOT", 1, 0)], {"FARGATE": 1}),
        (5, [("FARGATE", 0, 2), ("FARGATE_SPOT", 1, 0)], {"FARGATE": 2, "FARGATE_SPOT": 3}),
        (2, [("FARGATE", 1, 7)], {"FARGATE": 2}),
    ],
)
def test_bases_come_first_and_weights_share_the_rest(
    tasks: int, strategy: list[tuple[str, int, int]], expected: dict[str, float]
) -> None:
    lines = [{"capacityProvider": name, "weight": weight, "base": base} for name, weight, base in strategy]

    assert shares(tasks, lines) == pytest.approx(expected)


def test_only_the_storage_above_twenty_gb_is_billed() -> None:
    large = task(ephemeralStorage={"sizeInGib": 50})

    assert quantities(large, service(), hours=1)["fargate-storage"] == 30
    assert "fargate-storage" not in quantities(task(ephemeralStorage={"sizeInGib": 20}), service())


def test_a_service_without_tasks_costs_nothing() -> None:
    idle = service(
        desiredCount=0,
        networkConfiguration={"assignPublicIp": True},
        loadBalancers=[{"containerName": "web"}],
    )

    assert bill(task(), idle).usd == 0


def test_each_task_with_a_public_address_pays_for_it() -> None:
    public = service(desiredCount=2, networkConfiguration={"assignPublicIp": True})

    assert quantities(task(), public, hours=10)["public-ipv4"] == 20


def test_responses_to_the_internet_are_billed_where_a_load_balancer_leads_to_the_service() -> None:
    served = service(loadBalancers=[{"containerName": "web"}])
    traffic = {"requests": 1024 * 1024, "response_kb": 3}

    assert quantities(task(), served, **traffic)["internet-out"] == pytest.approx(3)
    assert "internet-out" not in quantities(task(), service(), **traffic)


def test_a_load_balancer_is_billed_by_hours_capacity_and_an_address_in_each_zone() -> None:
    balancer = resource(LOAD_BALANCER, subnets=["a", "b", "c"], internal=False, ipAddressType="ipv4")

    assert quantities(balancer, hours=10) == {"alb-hour": 10, "public-ipv4": 30}


def test_the_capacity_of_a_load_balancer_follows_from_data_where_responses_are_large() -> None:
    served = service(loadBalancers=[{"containerName": "web"}])
    balancer = resource(LOAD_BALANCER, subnets=["a", "b"])
    taken = quantities(balancer, task(), served, requests=1024, response_kb=1024 * 1024)

    assert taken["alb-lcu"] == pytest.approx(1024)


def test_the_capacity_of_a_load_balancer_follows_from_connections_where_responses_are_small() -> None:
    served = service(loadBalancers=[{"containerName": "web"}])
    balancer = resource(LOAD_BALANCER, subnets=["a", "b"])
    taken = quantities(balancer, task(), served, requests=25 * 3600 * 4, response_kb=0)

    assert taken["alb-lcu"] == pytest.approx(4)


@pytest.mark.parametrize(
    "properties", [{"internal": True}, {"ipAddressType": "dualstack-without-public-ipv4"}]
)
def test_a_load_balancer_without_public_addresses_pays_for_none(properties: dict[str, object]) -> None:
    assert "public-ipv4" not in quantities(resource(LOAD_BALANCER, subnets=["a", "b"], **properties))


def test_the_data_of_private_tasks_goes_through_the_nat_gateways_together() -> None:
    gateways = [resource(NAT_GATEWAY, "one"), resource(NAT_GATEWAY, "two")]
    private = service(desiredCount=3)
    public = service("public", networkConfiguration={"assignPublicIp": True})
    taken = quantities(*gateways, task(), private, public, hours=10, nat_gb=4)

    assert (taken["nat-hour"], taken["nat-data"]) == (20, 12)


def test_an_elastic_address_is_billed_by_the_hour() -> None:
    assert quantities(resource("aws:ec2/eip:Eip"), hours=7) == {"public-ipv4": 7}


def test_an_interface_endpoint_is_billed_in_each_zone_and_a_gateway_endpoint_not_at_all() -> None:
    token = "aws:ec2/vpcEndpoint:VpcEndpoint"
    interface = resource(token, vpcEndpointType="Interface", subnetIds=["a", "b"])

    assert quantities(interface, hours=10) == {"endpoint-hour": 20}
    assert quantities(resource(token, vpcEndpointType="Gateway")) == {}


def test_logs_are_paid_when_they_come_and_for_as_long_as_they_are_kept() -> None:
    group = resource(LOG_GROUP, retentionInDays=73)
    taken = quantities(group, task(), service(desiredCount=2), logs_gb=5)

    assert (taken["logs-ingested"], taken["logs-stored"]) == pytest.approx((10, 10 * 73 * 12 / 365))


def test_logs_that_are_never_deleted_cost_as_much_as_after_a_year() -> None:
    taken = quantities(resource(LOG_GROUP), task(), service(), logs_gb=1)

    assert taken["logs-stored"] == pytest.approx(12)


def test_tasks_log_to_all_groups_of_the_stack_in_equal_parts() -> None:
    groups = [resource(LOG_GROUP, name, retentionInDays=1) for name in ("a", "b")]

    assert quantities(*groups, task(), service(), logs_gb=1)["logs-ingested"] == pytest.approx(1)


def insights(value: str) -> dict[str, float]:
    cluster = resource(CLUSTER, arn="arn:cluster", settings=[{"name": "containerInsights", "value": value}])
    elsewhere = service("other", cluster="arn:another", taskDefinition="arn:none")
    return quantities(
        cluster, service(cluster="arn:cluster", desiredCount=2, taskDefinition="arn:none"), elsewhere
    )


def test_container_insights_is_billed_by_metric_and_by_event() -> None:
    assert insights("enabled") == pytest.approx({"metric": 13 + 25, "logs-ingested": 0.2})


def test_enhanced_container_insights_has_metrics_of_every_task_at_a_price_of_its_own() -> None:
    assert insights("enhanced") == pytest.approx({"insights-metric": 13 + 25 + 2 * 132, "logs-ingested": 0.2})


def test_container_insights_costs_nothing_where_it_is_disabled_or_nothing_runs() -> None:
    cluster = resource(CLUSTER, settings=[{"name": "containerInsights", "value": "enabled"}])

    assert insights("disabled") == {}
    assert quantities(cluster) == {}


def test_an_alarm_is_billed_by_the_metrics_that_it_watches() -> None:
    token = "aws:cloudwatch/metricAlarm:MetricAlarm"
    computed = resource(
        token, metricQueries=[{"expression": "a/b"}, {"metric": {}}, {"metric": {"name": "b"}}]
    )

    assert quantities(resource(token, metricName="CPUUtilization")) == {"alarm": 1}
    assert quantities(computed) == {"alarm": 1}
    assert quantities(resource(token, metricQueries=[{"metric": {"a": 1}}, {"metric": {"b": 1}}])) == {
        "alarm": 2
    }


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("aws:ecr/repository:Repository", {"image-stored": 0.25}),
        ("aws:route53/zone:Zone", {"hosted-zone": 1, "dns-queries": 0.1}),
        ("aws:secretsmanager/secret:Secret", {"secret": 1}),
        ("aws:kms/key:Key", {"key": 1}),
        ("aws:s3/bucket:Bucket", {"object-stored": 1}),
    ],
)
def test_what_keeps_something_is_billed_by_what_it_keeps(token: str, expected: dict[str, float]) -> None:
    assert quantities(resource(token)) == pytest.approx(expected)


def test_nothing_is_both_priced_and_free() -> None:
    assert METERS.keys() & FREE.keys() == set()


def test_a_type_that_nobody_knows_is_told_and_not_taken_for_free() -> None:
    estimate = bill(resource("aws:rds/instance:Instance"), resource("aws:rds/instance:Instance", "other"))

    assert (estimate.usd, estimate.unpriced) == (0, {"aws:rds/instance:Instance": 2})
