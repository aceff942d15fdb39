"""An emulator with one stack and one service, and requests to its page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from local.front_door.caching import Cached
from local.front_door.heads import Head
from local.front_door.routes import NetworkListener, Route, Routes
from local.front_door.rules import in_order
from local.page.site import Site

BEGAN = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
CLUSTER = "arn:aws:ecs:us-east-1:000000000000:cluster/cluster-1"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web-1/2"
PORT = 8080
HOST = "dev.example.com"


def task_arn(number: int) -> str:
    return f"arn:aws:ecs:us-east-1:000000000000:task/cluster-1/{number:08d}-aaaa"


def definition_arn(revision: int) -> str:
    return f"arn:aws:ecs:us-east-1:000000000000:task-definition/shop-dev-web:{revision}"


def definition(**more: Any) -> dict[str, Any]:
    options = {"awslogs-group": "logs-1", "awslogs-stream-prefix": "web"}
    container = {
        "name": "web",
        "image": f"localhost:4566/app@sha256:{'ab' * 32}",
        "environment": [{"name": "TOKEN", "value": "not-for-the-page"}],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
        **more,
    }
    return {"containerDefinitions": [container], "cpu": "256", "memory": "512"}


def deployment(revision: int = 1, state: str = "COMPLETED", **more: Any) -> dict[str, Any]:
    return {
        "status": "PRIMARY",
        "taskDefinition": definition_arn(revision),
        "rolloutState": state,
        "runningCount": 1,
        "desiredCount": 1,
        "createdAt": BEGAN,
        "updatedAt": BEGAN,
        **more,
    }


def service(**more: Any) -> dict[str, Any]:
    return {
        "serviceName": "web-3c3b102",
        "clusterArn": CLUSTER,
        "status": "ACTIVE",
        "desiredCount": 1,
        "taskDefinition": definition_arn(1),
        "deployments": [deployment()],
        "loadBalancers": [{"targetGroupArn": GROUP}],
        "events": [],
        "tags": [{"key": "Stack", "value": "dev"}],
        **more,
    }


def task(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "taskArn": task_arn(number),
        "taskDefinitionArn": definition_arn(1),
        "group": "service:web-3c3b102",
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "createdAt": BEGAN,
        "startedAt": BEGAN + timedelta(seconds=1),
        "containers": [{"name": "web"}],
        "attachments": [{"details": [{"name": "privateIPv4Address", "value": "172.17.0.2"}]}],
        **more,
    }


def stopped(number: int, *, code: int = 3, **more: Any) -> dict[str, Any]:
    ended = {
        "lastStatus": "STOPPED",
        "desiredStatus": "STOPPED",
        "stoppedAt": BEGAN + timedelta(seconds=5),
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "containers": [{"name": "web", "exitCode": code}],
    }
    return task(number, **{**ended, **more})


def log_event(text: str, *, at: int = 1_000, stream: str = "") -> dict[str, Any]:
    return {
        "timestamp": at,
        "message": text,
        "logStreamName": stream or f"web/web/{task_arn(1).rpartition('/')[2]}",
    }


class Ecs:
    """One cluster."""

    def __init__(self) -> None:
        self.services = [service()]
        self.tasks = [task()]
        self.stopped: list[dict[str, Any]] = []

    def get_paginator(self, operation: str) -> Any:
        def paginate(**question: Any) -> list[dict[str, list[str]]]:
            match operation:
                case "list_clusters":
                    return [{"clusterArns": [CLUSTER]}]
                case "list_services":
                    return [{"serviceArns": [service["serviceName"] for service in self.services]}]
                case _:
                    wanted = question["desiredStatus"]
                    return [{"taskArns": [t["taskArn"] for t in self.tasks if t["desiredStatus"] == wanted]}]

        return SimpleNamespace(paginate=paginate)

    def describe_clusters(self, **_: Any) -> dict[str, Any]:
        return {"clusters": [{"clusterArn": CLUSTER, "tags": [{"key": "Stack", "value": "dev"}]}]}

    def describe_services(self, services: list[str], **_: Any) -> dict[str, Any]:
        return {"services": [item for item in self.services if item["serviceName"] in services]}

    def describe_tasks(self, tasks: list[str], **_: Any) -> dict[str, Any]:
        return {"tasks": [item for item in self.tasks if item["taskArn"] in tasks]}

    def describe_task_definition(self, **_: Any) -> dict[str, Any]:
        return {"taskDefinition": definition()}

    def stop_task(self, **arguments: Any) -> None:
        self.stopped.append(arguments)


class Logs:
    """One log group."""

    class exceptions:  # noqa: N801 -- botocore's
        class ResourceNotFoundException(Exception):  # noqa: N818 -- AWS's
            pass

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def describe_log_streams(self, **_: Any) -> dict[str, Any]:
        ingested = int(time.time() * 1000)
        names = dict.fromkeys(event["logStreamName"] for event in self.events)
        return {"logStreams": [{"logStreamName": name, "lastIngestionTime": ingested} for name in names]}

    def get_log_events(self, *, limit: int, **query: Any) -> dict[str, Any]:
        events = [event for event in self.events if event["logStreamName"] == query["logStreamName"]]
        first = int(query.get("nextToken", max(0, len(events) - limit)))
        page = events[first : first + limit]
        return {"events": page, "nextForwardToken": str(first + len(page))}


class Cloud:
    """An emulator."""

    endpoint = "http://127.0.0.1:4566"
    region = "us-east-1"

    def __init__(self) -> None:
        self.ecs = Ecs()
        self.logs = Logs()

    def client(self, name: str) -> Any:
        return {"ecs": self.ecs, "logs": self.logs}[name]


def rule(priority: int | str, action: Mapping[str, Any], *conditions: Mapping[str, Any], **more: Any) -> Any:
    return {
        "Priority": str(priority),
        "IsDefault": priority == "default",
        "Conditions": list(conditions),
        "Actions": [action],
        **more,
    }


FORWARD = {"Type": "forward", "TargetGroupArn": GROUP}
NONE = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "MessageBody": "none\n"}}


def host_is(*hosts: str) -> dict[str, Any]:
    return {"Field": "host-header", "Values": [*hosts]}


def path_is(*paths: str) -> dict[str, Any]:
    return {"Field": "path-pattern", "Values": [*paths]}


def routes_of(*rules: Any) -> Routes:
    route = Route(
        load_balancer="balancer-1",
        listener_port=443,
        tls=True,
        rules=in_order([*rules, rule("default", NONE)]),
    )
    return Routes({HOST: route}, {"balancer-1.elb.amazonaws.com": route})


ROUTES = routes_of(rule(1, FORWARD, host_is(HOST)))


def request(
    path: str = "/", *, method: str = "GET", host: str = f"localhost:{PORT}", body: str = "", **headers: str
) -> tuple[Head, bytes]:
    """Return a browser's request, and its body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    own = {"Host": host, "Accept": "text/html", "Content-Length": str(len(body))}
    return Head((method, path, "HTTP/1.1"), tuple({**own, **named}.items())), body.encode()


def response_to(sent: tuple[Head, bytes], cloud: Cloud | None = None) -> tuple[int, Head, str]:
    """Return status, head and body of the page's response."""
    head, body = sent

    async def respond() -> bytes:
        network: dict[NetworkListener, str] = {}
        emulator: Any = cloud or Cloud()
        site = Site(emulator, port=PORT, routes=Cached(lambda: ROUTES, 60), network=lambda: network)
        reader = asyncio.StreamReader()
        reader.feed_data(body)
        reader.feed_eof()
        writer: Any = None
        return await asyncio.wait_for(site.respond(head, reader, writer), 20)

    async def parsed() -> tuple[int, Head, str]:
        reader = asyncio.StreamReader()
        reader.feed_data(await respond())
        reader.feed_eof()
        response = await Head.read(reader)
        return int(response.line[1]), response, (await reader.read(-1)).decode()

    return asyncio.run(parsed())
