"""A request through record, load balancer, listener, rule and target group, as the emulator has them."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import uuid
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import docker
import pytest

from local import ports
from local.base_image import base_image
from local.front_door import FrontDoor
from local.resources.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.emulator import Emulator


class Target(BaseHTTPRequestHandler):
    """Stands for a task: says what it got, or says back what comes through a WebSocket."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers["Upgrade"] == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.wfile.write(self.rfile.read(5))
            self.close_connection = True
            return
        body = json.dumps(
            {"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass(frozen=True)
class Stack:
    """A load balancer with a task behind it, and the hosts that lead there."""

    front_door: FrontDoor
    name: str
    domain: str
    dns_name: str

    def get(self, host: str, path: str = "/") -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(ports.LOOPBACK, self.front_door.port, timeout=30)
        try:
            connection.request("GET", path, headers={"Host": f"{host}.localhost:{self.front_door.port}"})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def stack(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with a domain, made by hand."""
    cloud = Cloud(emulator.endpoint)
    name = f"door-{uuid.uuid4().hex[:8]}"
    zone = f"{name}.example.com"
    target = ThreadingHTTPServer((ports.LOOPBACK, 0), Target)
    threading.Thread(target=target.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    subnets = cloud.client("ec2").describe_subnets()["Subnets"]
    elbv2 = cloud.client("elbv2")
    balancer = elbv2.create_load_balancer(
        Name=name,
        Subnets=[subnet["SubnetId"] for subnet in subnets[:2]],
        Tags=[{"Key": "Stack", "Value": name}],
    )["LoadBalancers"][0]
    group = elbv2.create_target_group(
        Name=name, Protocol="HTTP", Port=3000, VpcId=subnets[0]["VpcId"], TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": ports.LOOPBACK, "Port": target.server_port}])
    certificate = cloud.client("acm").request_certificate(DomainName=zone)["CertificateArn"]
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=[
            {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "MessageBody": "none"}}
        ],
    )["Listeners"][0]["ListenerArn"]
    elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[
            {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "StatusCode": "HTTP_301"}}
        ],
    )
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    rewrite = {"Rewrites": [{"Regex": "^/alice/?(.*)$", "Replace": "/$1"}]}
    for rule in (
        {"Conditions": [{"Field": "host-header", "Values": [zone]}], "Actions": forward},
        {
            "Conditions": [{"Field": "host-header", "Values": [f"old.{zone}"]}],
            "Actions": [{"Type": "redirect", "RedirectConfig": {"Host": zone, "StatusCode": "HTTP_302"}}],
        },
        {
            "Conditions": [{"Field": "path-pattern", "Values": ["/alice", "/alice/*"]}],
            "Actions": forward,
            "Transforms": [{"Type": "url-rewrite", "UrlRewriteConfig": rewrite}],
        },
    ):
        elbv2.create_rule(
            ListenerArn=listener, Priority=len(elbv2.describe_rules(ListenerArn=listener)["Rules"]), **rule
        )
    route53 = cloud.client("route53")
    zone_id = route53.create_hosted_zone(Name=zone, CallerReference=name)["HostedZone"]["Id"]
    alias = {"HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": balancer["DNSName"], "EvaluateTargetHealth": True}
    route53.change_resource_record_sets(
        HostedZoneId=zone_id,
        ChangeBatch={
            "Changes": [
                {"Action": "UPSERT", "ResourceRecordSet": {"Name": record, "Type": "A", "AliasTarget": alias}}
                for record in (zone, f"old.{zone}", f"*.w.{zone}")
            ],
        },
    )
    front_door = FrontDoor.start_or_join(
        port=0, state_dir=tmp_path_factory.mktemp("front-door"), emulator=emulator.endpoint
    )
    try:
        front_door.wait_until_ready()
        yield Stack(front_door, name, zone, balancer["DNSName"])
    finally:
        front_door.stop()
        target.shutdown()
        target.server_close()


def test_a_host_with_a_record_reaches_the_task(stack: Stack) -> None:
    status, _, body = stack.get(stack.domain, "/a%2Fb?c=d%20e")

    request = json.loads(body)
    assert (status, request["path"]) == (200, "/a%2Fb?c=d%20e")
    assert request["headers"]["host"] == stack.domain
    assert request["headers"]["x-forwarded-proto"] == "https"
    assert request["headers"]["x-forwarded-for"] == ports.LOOPBACK


def test_a_host_without_a_rule_gets_the_load_balancers_own_404(stack: Stack) -> None:
    status, headers, body = stack.get(f"any.w.{stack.domain}")

    assert (status, headers["Server"], body) == (404, "awselb/2.0", b"none")


def test_a_host_without_a_record_gets_a_404_that_names_the_page(stack: Stack) -> None:
    status, _, body = stack.get(f"nobody.{stack.domain}")

    assert status == 404
    assert body.decode().splitlines() == [
        f"No DNS record for nobody.{stack.domain}",
        f"{stack.front_door.page} lists the local stacks and their addresses",
    ]


def test_a_websocket_reaches_the_task(stack: Stack) -> None:
    with socket.create_connection((ports.LOOPBACK, stack.front_door.port), timeout=30) as connection:
        head = f"GET / HTTP/1.1\r\nHost: {stack.domain}.localhost\r\nConnection: Upgrade\r\n"
        connection.sendall(f"{head}Upgrade: websocket\r\n\r\nhello".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 101 ")
    assert answer.endswith(b"\r\n\r\nhello")


def test_a_redirect_to_another_host_of_the_stack_can_be_followed(stack: Stack) -> None:
    status, headers, _ = stack.get(f"old.{stack.domain}", "/x?y=z")

    assert (status, headers["Location"]) == (302, stack.front_door.url(stack.domain, "/x?y=z"))


@pytest.mark.parametrize(
    ("path", "target"), [("/alice", "/"), ("/alice/", "/"), ("/alice/a%2Fb?c=d", "/a%2Fb?c=d")]
)
def test_without_a_domain_a_prefix_chooses_the_service_and_is_rewritten_away(
    stack: Stack, path: str, target: str
) -> None:
    status, _, body = stack.get(stack.dns_name, path)

    assert (status, json.loads(body)["path"]) == (200, target)


def test_the_load_balancers_own_name_follows_its_rules(stack: Stack) -> None:
    status, _, body = stack.get(stack.dns_name, "/health")

    assert (status, body) == (404, b"none")


@pytest.mark.docker
@pytest.mark.usefixtures("stack")
def test_a_task_reads_its_own_metadata_and_nothing_else_of_the_emulator(emulator: Emulator) -> None:
    client = docker.from_env()
    image = base_image(client)
    client.close()
    cloud = Cloud(emulator.endpoint)
    name = f"door-{uuid.uuid4().hex[:8]}"
    program = """
        const task = await (await fetch(process.env.ECS_CONTAINER_METADATA_URI_V4 + "/task")).json();
        const api = await fetch(process.env.AWS_ENDPOINT_URL, {method: "POST"});
        console.log(JSON.stringify({family: task.Family, api: api.status}));
    """
    log = {"awslogs-group": name, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "it"}
    cloud.client("logs").create_log_group(logGroupName=name)
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName=name)
    ecs.register_task_definition(
        family=name,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[
            {
                "name": "it",
                "image": image,
                "command": ["node", "--input-type=module", "-e", program],
                "logConfiguration": {"logDriver": "awslogs", "options": log},
            },
        ],
    )
    subnet = cloud.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    ecs.run_task(
        cluster=name,
        taskDefinition=name,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}},
    )

    deadline = time.monotonic() + 60
    while not (events := cloud.client("logs").filter_log_events(logGroupName=name)["events"]):
        assert time.monotonic() < deadline, "the task logged nothing"
        time.sleep(0.1)

    assert json.loads(events[0]["message"]) == {"family": name, "api": 403}
