"""What each type of resource is billed by."""

from __future__ import annotations

from typing import Any

import pytest

from automation.cost.meters import FREE, METERS
from automation.cost.resources import Resource
from automation.errors import AutomationError
from tests.unit.automation.cost.bills import (
    ADDRESS,
    BUCKET,
    CLUSTER,
    FARGATE,
    KEY,
    LOAD_BALANCER,
    LOG_GROUP,
    NAT_GATEWAY,
    SPOT,
    bill,
    quantities,
    resource,
    service,
    task,
)

ENDPOINT, ALARM = "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:cloudwatch/metricAlarm:MetricAlarm"
PUBLIC = {"networkConfiguration": {"assignPublicIp": True}}
SERVED = service(loadBalancers=[{"containerName": "web"}])
VOLUME = {"name": "work", "managedEbsVolume": {"sizeInGb": 50}}
NETWORK_BALANCER = resource(LOAD_BALANCER, loadBalancerType="network", arn="arn:network", internal=True)
TCP_TARGETS = resource("aws:lb/targetGroup:TargetGroup", arn="arn:targets", protocol="TCP")
BEHIND_TCP = service("tcp", loadBalancers=[{"containerName": "tcp", "targetGroupArn": "arn:targets"}])
BALANCER = resource(LOAD_BALANCER, subnets=["a", "b"], internal=True)


def schedule(expression: str = "rate(1 hour)", *, state: str = "ENABLED", **ecs: Any) -> Resource:
    parameters = {"taskDefinitionArn": "arn:task", "capacityProviderStrategies": FARGATE, **ecs}
    target = {"ecsParameters": parameters}
    return resource(
        "aws:scheduler/schedule:Schedule", scheduleExpression=expression, state=state, target=target
    )


CASES: dict[str, tuple[list[Resource], dict[str, float], dict[str, float]]] = {
    "a task is billed for its vCPUs and memory each hour of the month": (
        [task(), service(desiredCount=3)],
        {"hours": 100},
        {"fargate-arm64-vcpu": 150, "fargate-arm64-memory": 300},
    ),
    "a task without an architecture is x86": (
        [task(runtimePlatform=None), service()],
        {"hours": 2},
        {"fargate-x86_64-vcpu": 1, "fargate-x86_64-memory": 2},
    ),
    "Spot has its own prices": (
        [task(), service(capacityProviderStrategies=SPOT)],
        {"hours": 2},
        {"fargate-spot-arm64-vcpu": 1, "fargate-spot-arm64-memory": 2},
    ),
    "a service without a strategy runs on its launch type": (
        [task(), service(capacityProviderStrategies=None, launchType="FARGATE")],
        {"hours": 2},
        {"fargate-arm64-vcpu": 1, "fargate-arm64-memory": 2},
    ),
    "a service with neither has its cluster's strategy": (
        [
            task(),
            service(capacityProviderStrategies=None),
            resource(
                "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
                defaultCapacityProviderStrategies=SPOT,
            ),
        ],
        {"hours": 2},
        {"fargate-spot-arm64-vcpu": 1, "fargate-spot-arm64-memory": 2},
    ),
    "storage above 20 GB is billed": (
        [task(ephemeralStorage={"sizeInGib": 50}), service()],
        {"hours": 2},
        {"fargate-arm64-vcpu": 1, "fargate-arm64-memory": 2, "fargate-storage": 60},
    ),
    "20 GB of storage are free": (
        [task(ephemeralStorage={"sizeInGib": 20}), service()],
        {"hours": 2},
        {"fargate-arm64-vcpu": 1, "fargate-arm64-memory": 2},
    ),
    "a service without tasks is free": (
        [task(), service(desiredCount=0, loadBalancers=[{"containerName": "web"}], **PUBLIC)],
        {},
        {},
    ),
    "each public address of a task is billed": (
        [service(desiredCount=2, taskDefinition="arn:none", **PUBLIC)],
        {"hours": 10},
        {"public-ipv4": 20},
    ),
    "responses of a service behind a load balancer are billed": (
        [SERVED],
        {"requests": 1024 * 1024, "response_kb": 3},
        {"internet-out": 3},
    ),
    "a service without a load balancer has no responses": ([service()], {"response_kb": 3}, {}),
    "a load balancer is billed by hours, capacity and an address in each zone": (
        [resource(LOAD_BALANCER, subnets=["a", "b", "c"], internal=False, ipAddressType="ipv4")],
        {"hours": 10},
        {"alb-hour": 10, "public-ipv4": 30},
    ),
    "a load balancer's capacity depends on data if responses are large": (
        [BALANCER, SERVED],
        {"requests": 1024, "response_kb": 1024 * 1024, "hours": 1},
        {"alb-hour": 1, "alb-lcu": 1024, "internet-out": 1024},
    ),
    "a load balancer's capacity depends on connections if responses are small": (
        [BALANCER, SERVED],
        {"requests": 25 * 3600 * 4, "response_kb": 0, "hours": 1},
        {"alb-hour": 1, "alb-lcu": 4},
    ),
    "an internal load balancer has no public address": ([BALANCER], {"hours": 10}, {"alb-hour": 10}),
    "a load balancer without IPv4 has no public address": (
        [resource(LOAD_BALANCER, subnets=["a"], ipAddressType="dualstack-without-public-ipv4")],
        {"hours": 10},
        {"alb-hour": 10},
    ),
    "NAT gateways share the data of private tasks": (
        [
            *(resource(NAT_GATEWAY, name) for name in ("one", "two")),
            service(desiredCount=3),
            service("public", **PUBLIC),
        ],
        {"hours": 10, "nat_gb": 4},
        {"nat-hour": 20, "nat-data": 12, "public-ipv4": 10},
    ),
    "an elastic address is billed by the hour": ([resource(ADDRESS)], {"hours": 7}, {"public-ipv4": 7}),
    "an interface endpoint is billed in each zone": (
        [resource(ENDPOINT, vpcEndpointType="Interface", subnetIds=["a", "b"])],
        {"hours": 10},
        {"endpoint-hour": 20},
    ),
    "a gateway endpoint is free": ([resource(ENDPOINT, vpcEndpointType="Gateway")], {}, {}),
    "logs are billed by data and by retention": (
        [resource(LOG_GROUP, retentionInDays=73), service(desiredCount=2)],
        {"logs_gb": 5},
        {"logs-ingested": 10, "logs-stored": 10 * 73 * 12 / 365},
    ),
    "logs without a retention cost as much as after a year": (
        [resource(LOG_GROUP), service()],
        {"logs_gb": 1},
        {"logs-ingested": 1, "logs-stored": 12},
    ),
    "tasks log to all groups of the stack equally": (
        [*(resource(LOG_GROUP, name, retentionInDays=73) for name in ("a", "b")), service()],
        {"logs_gb": 1},
        {"logs-ingested": 1, "logs-stored": 73 * 12 / 365},
    ),
    "an alarm is billed": ([resource(ALARM, metricName="CPUUtilization")], {}, {"alarm": 1}),
    "a composite alarm is billed": (
        [resource("aws:cloudwatch/compositeAlarm:CompositeAlarm", alarmRule='ALARM("a") OR ALARM("b")')],
        {},
        {"composite-alarm": 1},
    ),
    "a log metric filter is billed as a custom metric": (
        [resource("aws:cloudwatch/logMetricFilter:LogMetricFilter", pattern="error")],
        {},
        {"metric": 1},
    ),
    "a dashboard is billed, although an account's first three are free": (
        [resource("aws:cloudwatch/dashboard:Dashboard", dashboardName="d")],
        {},
        {"dashboard": 1},
    ),
    "an alarm is billed by its metrics": (
        [resource(ALARM, metricQueries=[{"metric": {"a": 1}}, {"metric": {"b": 1}}])],
        {},
        {"alarm": 2},
    ),
    "an alarm's expressions are not metrics": (
        [resource(ALARM, metricQueries=[{"expression": "a/b"}, {"metric": {}}, {"metric": {"name": "b"}}])],
        {},
        {"alarm": 1},
    ),
    "an image repository is billed by stored images": (
        [resource("aws:ecr/repository:Repository")],
        {},
        {"image-stored": 0.25},
    ),
    "a hosted zone is billed with its queries": (
        [resource("aws:route53/zone:Zone")],
        {},
        {"hosted-zone": 1, "dns-queries": 0.1},
    ),
    "a secret is billed": ([resource("aws:secretsmanager/secret:Secret")], {}, {"secret": 1}),
    "a key is billed": ([resource(KEY)], {}, {"key": 1}),
    "a network load balancer has its own prices": (
        [resource(LOAD_BALANCER, loadBalancerType="network", subnets=["a", "b"])],
        {"hours": 10},
        {"nlb-hour": 10, "public-ipv4": 20},
    ),
    "a network load balancer's Elastic IP addresses are billed as resources": (
        [
            resource(
                LOAD_BALANCER,
                loadBalancerType="network",
                subnetMappings=[{"subnetId": "a", "allocationId": "eip"}, {"subnetId": "b"}],
            )
        ],
        {"hours": 10},
        {"nlb-hour": 10, "public-ipv4": 10},
    ),
    "a network load balancer's capacity depends on connections": (
        [NETWORK_BALANCER, TCP_TARGETS, BEHIND_TCP],
        {"requests": 800 * 3600 * 4, "response_kb": 0, "hours": 1},
        {"nlb-hour": 1, "nlb-lcu": 4},
    ),
    "a network load balancer has a lower capacity for TLS": (
        [
            NETWORK_BALANCER,
            TCP_TARGETS,
            BEHIND_TCP,
            resource("aws:lb/listener:Listener", loadBalancerArn="arn:network", protocol="TLS"),
        ],
        {"requests": 50 * 3600 * 4, "response_kb": 0, "hours": 1},
        {"nlb-hour": 1, "nlb-lcu": 4},
    ),
    "each load balancer serves the services with targets of its kind": (
        [BALANCER, NETWORK_BALANCER, TCP_TARGETS, BEHIND_TCP, SERVED],
        {"requests": 1024, "response_kb": 1024 * 1024, "hours": 1},
        {"alb-hour": 1, "alb-lcu": 1024, "nlb-hour": 1, "nlb-lcu": 1024, "internet-out": 2048},
    ),
    "a file system is billed by files, and elastic throughput by data": (
        [resource("aws:efs/fileSystem:FileSystem", throughputMode="elastic")],
        {"efs_gb": 3, "efs_read_gb": 2, "efs_written_gb": 1},
        {"efs-stored": 3, "efs-read": 2, "efs-written": 1},
    ),
    "bursting throughput is free": (
        [resource("aws:efs/fileSystem:FileSystem", throughputMode="bursting")],
        {"efs_gb": 3},
        {"efs-stored": 3},
    ),
    "provisioned throughput is billed": (
        [
            resource(
                "aws:efs/fileSystem:FileSystem", throughputMode="provisioned", provisionedThroughputInMibps=64
            )
        ],
        {"efs_gb": 3},
        {"efs-stored": 3, "efs-provisioned": 64},
    ),
    "a backup is as large as its file system": (
        [resource("aws:efs/backupPolicy:BackupPolicy", backupPolicy={"status": "ENABLED"})],
        {"efs_gb": 3},
        {"efs-backup": 3},
    ),
    "a disabled backup is free": (
        [resource("aws:efs/backupPolicy:BackupPolicy", backupPolicy={"status": "DISABLED"})],
        {},
        {},
    ),
    "each task's volume is billed": (
        [service(desiredCount=2, taskDefinition="arn:none", volumeConfiguration=VOLUME)],
        {},
        {"ebs-gp3": 100},
    ),
    "a volume of another kind has its own price": (
        [
            service(
                taskDefinition="arn:none",
                volumeConfiguration={"managedEbsVolume": {"sizeInGb": 50, "volumeType": "io2"}},
            )
        ],
        {},
        {"ebs-io2": 50},
    ),
    "a private DNS namespace is billed as a hosted zone": (
        [resource("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace")],
        {"dns_queries": 500_000},
        {"hosted-zone": 1, "dns-queries": 0.5},
    ),
    "Service Connect's namespace is free": (
        [resource("aws:servicediscovery/httpNamespace:HttpNamespace")],
        {},
        {},
    ),
    "a queue is billed by requests": (
        [resource("aws:sqs/queue:Queue")],
        {"queue_requests": 2_000_000},
        {"queue-requests": 2},
    ),
    "a web ACL is billed by its rules": (
        [
            resource("aws:wafv2/webAcl:WebAcl", rules=[{"name": "rate-limit"}, {"name": "common"}]),
            resource(LOG_GROUP, name="aws-waf-logs-node-on-ecs-prod"),
        ],
        {},
        {"web-acl": 1, "web-acl-rule": 2},
    ),
    "a bucket is billed by objects": ([resource(BUCKET)], {}, {"object-stored": 1}),
    "a schedule is billed by starts, and by its tasks while they run": (
        [task(), schedule(taskCount=2)],
        {"job_minutes": 6},
        {"schedule-invocations": 730e-6, "fargate-arm64-vcpu": 73, "fargate-arm64-memory": 146},
    ),
    "a schedule's tasks on Spot have Spot's prices": (
        [task(), schedule(capacityProviderStrategies=SPOT)],
        {"job_minutes": 6},
        {"schedule-invocations": 730e-6, "fargate-spot-arm64-vcpu": 36.5, "fargate-spot-arm64-memory": 73},
    ),
    "a schedule's tasks on instances are free": (
        [task(), schedule(capacityProviderStrategies=[{"capacityProvider": "own", "weight": 1}])],
        {},
        {"schedule-invocations": 730e-6},
    ),
    "a schedule's tasks pay for public addresses while they run": (
        [task(), schedule(networkConfiguration={"assignPublicIp": True}, capacityProviderStrategies=None)],
        {"job_minutes": 6},
        {"schedule-invocations": 730e-6, "public-ipv4": 73},
    ),
    "a disabled schedule is free": ([task(), schedule(state="DISABLED")], {}, {}),
}


@pytest.mark.parametrize(("resources", "assumed", "expected"), CASES.values(), ids=CASES)
def test_a_bill_has_the_usage_of_each_resource(
    resources: list[Resource], assumed: dict[str, float], expected: dict[str, float]
) -> None:
    assert quantities(*resources, **assumed) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("enabled", {"metric": 13 + 25, "logs-ingested": 0.2}),
        ("enhanced", {"insights-metric": 13 + 25 + 2 * 132, "logs-ingested": 0.2}),
        ("disabled", {}),
    ],
)
def test_container_insights_are_billed_by_metrics_and_events_of_the_cluster(
    value: str, expected: dict[str, float]
) -> None:
    cluster = resource(CLUSTER, arn="arn:cluster", settings=[{"name": "containerInsights", "value": value}])
    elsewhere = service("other", cluster="arn:another")
    own = service(cluster="arn:cluster", desiredCount=2)

    assert quantities(cluster, own, elsewhere) == pytest.approx(expected)
    assert quantities(cluster) == {}, "a cluster without tasks reports nothing"


def test_an_unsupported_schedule_counts_as_hourly_and_its_line_says_so() -> None:
    found = bill(schedule("cron(0 3 L * ? *)"))

    assert [(line.usage.quantity, line.usage.what) for line in found.lines] == [
        (730e-6, "starts, each hour: cron(0 3 L * ? *) is not understood here")
    ]


def test_no_type_is_both_priced_and_free() -> None:
    assert METERS.keys() & FREE.keys() == set()


def test_an_unknown_type_is_reported_and_does_not_count_as_free() -> None:
    unknown = "aws:rds/instance:Instance"
    estimate = bill(resource(unknown), resource(unknown, "other"))

    assert (estimate.usd, estimate.unpriced) == (0, {unknown: 2})


def test_a_property_of_another_type_is_an_error_with_the_resource() -> None:
    """Somebody may have edited an export by hand."""
    edited = service(volumeConfiguration={"managedEbsVolume": {"sizeInGb": "large"}})

    with pytest.raises(AutomationError, match=r"ecs/service:Service web cannot be priced: .*ValueError"):
        bill(edited)
