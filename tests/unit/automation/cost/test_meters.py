"""What each kind of resource is billed by."""

from __future__ import annotations

import pytest

from automation.cost.meters import FREE, METERS
from automation.cost.placement import shares
from automation.cost.resources import Resource
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

ENDPOINT, ALARM = "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:cloudwatch/metricAlarm:MetricAlarm"
SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
PUBLIC = {"networkConfiguration": {"assignPublicIp": True}}
SERVED = service(loadBalancers=[{"containerName": "web"}])
VOLUME = {"name": "work", "managedEbsVolume": {"sizeInGb": 50}}
NETWORK_BALANCER = resource(LOAD_BALANCER, loadBalancerType="network", arn="arn:network", internal=True)
TCP_TARGETS = resource("aws:lb/targetGroup:TargetGroup", arn="arn:targets", protocol="TCP")
BEHIND_TCP = service("tcp", loadBalancers=[{"containerName": "tcp", "targetGroupArn": "arn:targets"}])
BALANCER = resource(LOAD_BALANCER, subnets=["a", "b"], internal=True)

CASES: dict[str, tuple[list[Resource], dict[str, float], dict[str, float]]] = {
    "a task takes its vCPUs and its memory for every hour of the month": (
        [task(), service(desiredCount=3)],
        {"hours": 100},
        {"fargate-arm64-vcpu": 150, "fargate-arm64-memory": 300},
    ),
    "a task without an architecture is an x86 one": (
        [task(runtimePlatform=None), service()],
        {"hours": 2},
        {"fargate-x86_64-vcpu": 1, "fargate-x86_64-memory": 2},
    ),
    "Spot has prices of its own": (
        [task(), service(capacityProviderStrategies=SPOT)],
        {"hours": 2},
        {"fargate-spot-arm64-vcpu": 1, "fargate-spot-arm64-memory": 2},
    ),
    "a service without a strategy has its launch type": (
        [task(), service(capacityProviderStrategies=None, launchType="FARGATE")],
        {"hours": 2},
        {"fargate-arm64-vcpu": 1, "fargate-arm64-memory": 2},
    ),
    "a service with neither has the strategy of its cluster": (
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
    "only the storage above 20 GB is billed": (
        [task(ephemeralStorage={"sizeInGib": 50}), service()],
        {"hours": 2},
        {"fargate-arm64-vcpu": 1, "fargate-arm64-memory": 2, "fargate-storage": 60},
    ),
    "20 GB of storage are free": (
        [task(ephemeralStorage={"sizeInGib": 20}), service()],
        {"hours": 2},
        {"fargate-arm64-vcpu": 1, "fargate-arm64-memory": 2},
    ),
    "a service without tasks costs nothing": (
        [task(), service(desiredCount=0, loadBalancers=[{"containerName": "web"}], **PUBLIC)],
        {},
        {},
    ),
    "each task with a public address pays for it": (
        [service(desiredCount=2, taskDefinition="arn:none", **PUBLIC)],
        {"hours": 10},
        {"public-ipv4": 20},
    ),
    "responses to the internet are billed where a load balancer leads to the service": (
        [SERVED],
        {"requests": 1024 * 1024, "response_kb": 3},
        {"internet-out": 3},
    ),
    "of a service without a load balancer nobody gets responses": ([service()], {"response_kb": 3}, {}),
    "a load balancer is billed by hours, capacity and an address in each zone": (
        [resource(LOAD_BALANCER, subnets=["a", "b", "c"], internal=False, ipAddressType="ipv4")],
        {"hours": 10},
        {"alb-hour": 10, "public-ipv4": 30},
    ),
    "the capacity of a load balancer follows from data where responses are large": (
        [BALANCER, SERVED],
        {"requests": 1024, "response_kb": 1024 * 1024, "hours": 1},
        {"alb-hour": 1, "alb-lcu": 1024, "internet-out": 1024},
    ),
    "and from connections where they are small": (
        [BALANCER, SERVED],
        {"requests": 25 * 3600 * 4, "response_kb": 0, "hours": 1},
        {"alb-hour": 1, "alb-lcu": 4},
    ),
    "an internal load balancer has no public address": ([BALANCER], {"hours": 10}, {"alb-hour": 10}),
    "nor has one without IPv4": (
        [resource(LOAD_BALANCER, subnets=["a"], ipAddressType="dualstack-without-public-ipv4")],
        {"hours": 10},
        {"alb-hour": 10},
    ),
    "the data of private tasks goes through the NAT gateways together": (
        [
            *(resource(NAT_GATEWAY, name) for name in ("one", "two")),
            service(desiredCount=3),
            service("public", **PUBLIC),
        ],
        {"hours": 10, "nat_gb": 4},
        {"nat-hour": 20, "nat-data": 12, "public-ipv4": 10},
    ),
    "an elastic address is billed by the hour": (
        [resource("aws:ec2/eip:Eip")],
        {"hours": 7},
        {"public-ipv4": 7},
    ),
    "an interface endpoint is billed in each zone": (
        [resource(ENDPOINT, vpcEndpointType="Interface", subnetIds=["a", "b"])],
        {"hours": 10},
        {"endpoint-hour": 20},
    ),
    "a gateway endpoint costs nothing": ([resource(ENDPOINT, vpcEndpointType="Gateway")], {}, {}),
    "logs are paid when they come and for as long as they are kept": (
        [resource(LOG_GROUP, retentionInDays=73), service(desiredCount=2)],
        {"logs_gb": 5},
        {"logs-ingested": 10, "logs-stored": 10 * 73 * 12 / 365},
    ),
    "logs that are never deleted cost as much as after a year": (
        [resource(LOG_GROUP), service()],
        {"logs_gb": 1},
        {"logs-ingested": 1, "logs-stored": 12},
    ),
    "tasks log to all groups of the stack in equal parts": (
        [*(resource(LOG_GROUP, name, retentionInDays=73) for name in ("a", "b")), service()],
        {"logs_gb": 1},
        {"logs-ingested": 1, "logs-stored": 73 * 12 / 365},
    ),
    "an alarm is billed": ([resource(ALARM, metricName="CPUUtilization")], {}, {"alarm": 1}),
    "a composite alarm is billed whatever it watches": (
        [resource("aws:cloudwatch/compositeAlarm:CompositeAlarm", alarmRule='ALARM("a") OR ALARM("b")')],
        {},
        {"composite-alarm": 1},
    ),
    "what a filter counts in a log is a metric of one's own": (
        [resource("aws:cloudwatch/logMetricFilter:LogMetricFilter", pattern="error")],
        {},
        {"metric": 1},
    ),
    "a dashboard is billed, though an account's first three are free": (
        [resource("aws:cloudwatch/dashboard:Dashboard", dashboardName="d")],
        {},
        {"dashboard": 1},
    ),
    "an alarm is billed by the metrics that it watches": (
        [resource(ALARM, metricQueries=[{"metric": {"a": 1}}, {"metric": {"b": 1}}])],
        {},
        {"alarm": 2},
    ),
    "what an alarm computes of them is no metric": (
        [resource(ALARM, metricQueries=[{"expression": "a/b"}, {"metric": {}}, {"metric": {"name": "b"}}])],
        {},
        {"alarm": 1},
    ),
    "a repository keeps images": (
        [resource("aws:ecr/repository:Repository")],
        {},
        {"image-stored": 0.25},
    ),
    "a zone is billed, and its queries": (
        [resource("aws:route53/zone:Zone")],
        {},
        {"hosted-zone": 1, "dns-queries": 0.1},
    ),
    "a secret is billed": ([resource("aws:secretsmanager/secret:Secret")], {}, {"secret": 1}),
    "a key is billed": ([resource("aws:kms/key:Key")], {}, {"key": 1}),
    "a network load balancer has prices of its own": (
        [resource(LOAD_BALANCER, loadBalancerType="network", subnets=["a", "b"])],
        {"hours": 10},
        {"nlb-hour": 10, "public-ipv4": 20},
    ),
    "an elastic address of a network load balancer is paid as that": (
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
    "its capacity follows from connections of which it takes more": (
        [NETWORK_BALANCER, TCP_TARGETS, BEHIND_TCP],
        {"requests": 800 * 3600 * 4, "response_kb": 0, "hours": 1},
        {"nlb-hour": 1, "nlb-lcu": 4},
    ),
    "and of TLS fewer": (
        [
            NETWORK_BALANCER,
            TCP_TARGETS,
            BEHIND_TCP,
            resource("aws:lb/listener:Listener", loadBalancerArn="arn:network", protocol="TLS"),
        ],
        {"requests": 50 * 3600 * 4, "response_kb": 0, "hours": 1},
        {"nlb-hour": 1, "nlb-lcu": 4},
    ),
    "each load balancer serves the services whose targets are of its kind": (
        [BALANCER, NETWORK_BALANCER, TCP_TARGETS, BEHIND_TCP, SERVED],
        {"requests": 1024, "response_kb": 1024 * 1024, "hours": 1},
        {"alb-hour": 1, "alb-lcu": 1024, "nlb-hour": 1, "nlb-lcu": 1024, "internet-out": 2048},
    ),
    "a file system keeps files, and elastic throughput is paid by what is read and written": (
        [resource("aws:efs/fileSystem:FileSystem", throughputMode="elastic")],
        {"efs_gb": 3, "efs_read_gb": 2, "efs_written_gb": 1},
        {"efs-stored": 3, "efs-read": 2, "efs-written": 1},
    ),
    "bursting throughput comes with what is kept": (
        [resource("aws:efs/fileSystem:FileSystem", throughputMode="bursting")],
        {"efs_gb": 3},
        {"efs-stored": 3},
    ),
    "provisioned throughput has a price of its own": (
        [
            resource(
                "aws:efs/fileSystem:FileSystem", throughputMode="provisioned", provisionedThroughputInMibps=64
            )
        ],
        {"efs_gb": 3},
        {"efs-stored": 3, "efs-provisioned": 64},
    ),
    "a backup keeps as much as its file system": (
        [resource("aws:efs/backupPolicy:BackupPolicy", backupPolicy={"status": "ENABLED"})],
        {"efs_gb": 3},
        {"efs-backup": 3},
    ),
    "without a backup nothing is kept": (
        [resource("aws:efs/backupPolicy:BackupPolicy", backupPolicy={"status": "DISABLED"})],
        {},
        {},
    ),
    "each task has a volume of its own where the service says so": (
        [service(desiredCount=2, taskDefinition="arn:none", volumeConfiguration=VOLUME)],
        {},
        {"ebs-gp3": 100},
    ),
    "a volume of another kind has a price of its own": (
        [
            service(
                taskDefinition="arn:none",
                volumeConfiguration={"managedEbsVolume": {"sizeInGb": 50, "volumeType": "io2"}},
            )
        ],
        {},
        {"ebs-io2": 50},
    ),
    "a private DNS namespace is a zone with queries": (
        [resource("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace")],
        {"dns_queries": 500_000},
        {"hosted-zone": 1, "dns-queries": 0.5},
    ),
    "Service Connect's namespace costs nothing": (
        [resource("aws:servicediscovery/httpNamespace:HttpNamespace")],
        {},
        {},
    ),
    "a queue is billed by requests": (
        [resource("aws:sqs/queue:Queue")],
        {"queue_requests": 2_000_000},
        {"queue-requests": 2},
    ),
    "a web ACL costs by its rules, and by the requests of all services behind the load balancer": (
        [
            resource("aws:wafv2/webAcl:WebAcl", rules=[{"name": "rate-limit"}, {"name": "common"}]),
            resource(LOG_GROUP, name="aws-waf-logs-node-on-ecs-prod"),
        ],
        {},
        {"web-acl": 1, "web-acl-rule": 2},
    ),
    "a bucket keeps objects": ([resource("aws:s3/bucket:Bucket")], {}, {"object-stored": 1}),
}


@pytest.mark.parametrize(("resources", "assumed", "expected"), CASES.values(), ids=CASES)
def test_a_bill_has_what_is_used(
    resources: list[Resource], assumed: dict[str, float], expected: dict[str, float]
) -> None:
    assert quantities(*resources, **assumed) == pytest.approx(expected)


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


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("enabled", {"metric": 13 + 25, "logs-ingested": 0.2}),
        ("enhanced", {"insights-metric": 13 + 25 + 2 * 132, "logs-ingested": 0.2}),
        ("disabled", {}),
    ],
)
def test_container_insights_is_billed_by_metric_and_by_event(value: str, expected: dict[str, float]) -> None:
    """Those of its own cluster; enhanced it has metrics of every task, at a price of their own."""
    cluster = resource(CLUSTER, arn="arn:cluster", settings=[{"name": "containerInsights", "value": value}])
    elsewhere = service("other", cluster="arn:another")

    assert quantities(cluster, service(cluster="arn:cluster", desiredCount=2), elsewhere) == pytest.approx(
        expected
    )
    assert quantities(cluster) == {}, "where nothing runs"


def test_nothing_is_both_priced_and_free() -> None:
    assert METERS.keys() & FREE.keys() == set()


def test_a_type_that_nobody_knows_is_told_and_not_taken_for_free() -> None:
    unknown = "aws:rds/instance:Instance"
    estimate = bill(resource(unknown), resource(unknown, "other"))

    assert (estimate.usd, estimate.unpriced) == (0, {unknown: 2})
