"""What services need, and what moves them: each other, file systems, and the clock."""

from __future__ import annotations

from automation.cost.resources import Resource, block_of, blocks_of
from automation.diagram.compute import containers_of, definition_of, scales
from automation.diagram.draft import Draft, counted, short, text
from automation.diagram.model import Node, Tasks


def read(draft: Draft) -> None:
    """Add the namespaces, file systems and schedules."""
    _namespaces(draft)
    _files(draft)
    for schedule in draft.all("scheduler/schedule:Schedule"):
        _scheduled_task(draft, schedule)
    for action in draft.all("appautoscaling/scheduledAction:ScheduledAction"):
        limits = action.block("scalableTargetAction")
        least, most = (int(limits.get(key, 0)) for key in ("minCapacity", "maxCapacity"))
        for service in draft.all("ecs/service:Service"):
            if scales(action, service):
                when = _when(text(action, "schedule"), text(action, "timezone"))
                id_ = _clock(draft, action, service.name, when)
                said = Tasks(least=least, most=most, containers=()).said
                draft.join(id_, f"service {service.name}", "scales", said)
    for action in draft.all("autoscaling/schedule:Schedule"):
        for group in draft.all("autoscaling/group:Group"):
            if text(action, "autoscalingGroupName") == text(group, "name"):
                when = _when(f"cron({text(action, 'recurrence')})", text(action, "timeZone"))
                id_ = _clock(draft, action, group.name, when)
                said = f"{action.integer('minSize')} to {action.integer('maxSize')} instances"
                draft.join(id_, f"capacity {group.name}", "scales", said)


def _namespaces(draft: Draft) -> None:
    offers: dict[str, str] = {}
    services = draft.all("ecs/service:Service")
    for service in services:
        for offered in blocks_of(service.block("serviceConnectConfiguration").get("services")):
            for alias in blocks_of(offered.get("clientAlias")):
                offers[f"{alias.get('dnsName')}:{int(alias.get('port', 0))}"] = f"service {service.name}"
    for service in services:
        for called in str(service.block("triggers").get("calls", "")).split(","):
            if target := offers.get(called.strip()):
                draft.join(f"service {service.name}", target, "calls", called.strip())
    for http in draft.all("servicediscovery/httpNamespace:HttpNamespace"):
        names = tuple(sorted(offers))
        draft.add(
            Node(id="connect", kind="namespace", name="Service Connect", lines=names, within="vpc"), http
        )
    for private in draft.all("servicediscovery/privateDnsNamespace:PrivateDnsNamespace"):
        names = [f"{text(one, 'name')}." for one in draft.all("servicediscovery/service:Service")]
        lines = tuple(f"{name}{text(private, 'name')}" for name in names)
        node = Node(id="private names", kind="namespace", name="Cloud Map", lines=lines, within="vpc")
        draft.add(node, private)
    for name in draft.all("servicediscovery/service:Service"):
        draft.is_of("private names", name)


def _files(draft: Draft) -> None:
    ids: dict[str, str] = {}
    for system in draft.all("efs/fileSystem:FileSystem"):
        of = [
            one
            for one in draft.all("efs/mountTarget:MountTarget")
            if text(one, "fileSystemId") == text(system, "id")
        ]
        node = Node(
            id=f"files {system.name}",
            kind="files",
            name=f"EFS {short(system.name)}",
            within="vpc",
            subnets=draft.placed(one.properties.get("subnetId") for one in of),
        )
        ids[text(system, "id")] = draft.add(node, system, *of)
    for service in draft.all("ecs/service:Service"):
        definition = definition_of(draft, service)
        for volume in definition.blocks("volumes") if definition else ():
            mounted = block_of(volume, "efsVolumeConfiguration").get("fileSystemId")
            if mounted is None:
                continue
            target = ids.get(str(mounted)) or draft.add(
                Node(id=f"files {mounted}", kind="files", name=f"EFS {mounted}", within="vpc", exists=True)
            )
            path = _mounted_at(definition, volume.get("name"))
            draft.join(f"service {service.name}", target, "mounts", path)
    for point in draft.all("efs/accessPoint:AccessPoint"):
        of = text(point, "fileSystemId")
        draft.is_of(ids.get(of, f"files {of}"), point)


def _mounted_at(definition: Resource | None, volume: object) -> str:
    points = [point for one in containers_of(definition) for point in one.get("mountPoints", ())]
    return next((str(one["containerPath"]) for one in points if one.get("sourceVolume") == volume), "")


def _scheduled_task(draft: Draft, schedule: Resource) -> None:
    parameters = block_of(schedule.block("target"), "ecsParameters")
    when = _when(text(schedule, "scheduleExpression"), text(schedule, "scheduleExpressionTimezone"))
    for service in draft.all("ecs/service:Service"):
        if service.properties.get("taskDefinition") == parameters.get("taskDefinitionArn"):
            id_ = _clock(draft, schedule, service.name, when)
            count = counted(int(parameters.get("taskCount", 1)), "task")
            draft.join(id_, f"service {service.name}", "starts", count)
            groups = draft.all("scheduler/scheduleGroup:ScheduleGroup")
            draft.is_of(id_, *(one for one in groups if one.name == f"{service.name}-schedules"))


def _clock(draft: Draft, resource: Resource, of: str, when: str) -> str:
    name = resource.name.removeprefix(f"{of}-")
    node = Node(id=f"schedule {resource.name}", kind="schedule", name=name, lines=(when,))
    return draft.add(node, resource)


def _when(expression: str, zone: str) -> str:
    """Return when a schedule is due, in words where they are few."""
    kind, _, said = expression.removesuffix(")").partition("(")
    zone = zone or "UTC"
    if kind == "rate":
        return f"every {said.removeprefix('1 ')}"
    if kind == "at":
        return f"{said.replace('T', ' ')} {zone}"
    minute, hour, day, month, weekday = (said.split() + [""] * 5)[:5]
    if minute.isdecimal() and hour.isdecimal() and month == "*" and day in ("*", "?"):
        days = "every day" if weekday in ("*", "?") else weekday
        return f"{int(hour):02}:{int(minute):02} {days} {zone}"
    return f"{said} {zone}"
