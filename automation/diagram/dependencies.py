"""What services depend on: each other, file systems, and schedules."""

from __future__ import annotations

from automation.cost.resources import Resource, block_of, blocks_of
from automation.cost.tasks import containers_of, definition_of, scales
from automation.diagram.builder import Builder, short, string
from automation.diagram.model import tasks_text

_CRON_FIELDS = 5


def add_dependencies(builder: Builder) -> None:
    """Add the namespaces, file systems and schedules."""
    _add_service_connect(builder)
    _add_cloud_map(builder)
    _add_file_systems(builder)
    for schedule in builder.all("scheduler/schedule:Schedule"):
        _add_scheduled_task(builder, schedule)
    for action in builder.all("appautoscaling/scheduledAction:ScheduledAction"):
        limits = action.block("scalableTargetAction")
        label = tasks_text(int(limits.get("minCapacity", 0)), int(limits.get("maxCapacity", 0)))
        for service in builder.all("ecs/service:Service"):
            if scales(action, service):
                time = _time_of(string(action, "schedule"), string(action, "timezone"))
                id_ = _add_schedule(builder, action, service.name, time)
                builder.connect(id_, f"service {service.name}", "scales", label)
    for action in builder.all("autoscaling/schedule:Schedule"):
        for group in builder.all("autoscaling/group:Group"):
            if string(action, "autoscalingGroupName") == string(group, "name"):
                time = _time_of(f"cron({string(action, 'recurrence')})", string(action, "timeZone"))
                id_ = _add_schedule(builder, action, group.name, time)
                label = f"{action.integer('minSize')} to {action.integer('maxSize')} instances"
                builder.connect(id_, f"capacity {group.name}", "scales", label)


def _add_service_connect(builder: Builder) -> None:
    targets: dict[str, str] = {}
    services = builder.all("ecs/service:Service")
    for service in services:
        for offered in blocks_of(service.block("serviceConnectConfiguration").get("services")):
            for alias in blocks_of(offered.get("clientAlias")):
                address = f"{alias.get('dnsName')}:{int(alias.get('port', 0))}"
                targets[address] = f"service {service.name}"
    for service in services:
        for address in map(str.strip, str(service.block("triggers").get("calls", "")).split(",")):
            if target := targets.get(address):
                builder.connect(f"service {service.name}", target, "calls", address)
    for namespace in builder.all("servicediscovery/httpNamespace:HttpNamespace"):
        names = sorted(targets)
        builder.add("connect", "namespace", "Service Connect", names, within="vpc", resources=[namespace])


def _add_cloud_map(builder: Builder) -> None:
    names = builder.all("servicediscovery/service:Service")
    for namespace in builder.all("servicediscovery/privateDnsNamespace:PrivateDnsNamespace"):
        domain = string(namespace, "name")
        lines = [f"{string(item, 'name')}.{domain}" for item in names]
        builder.add("private names", "namespace", "Cloud Map", lines, within="vpc", resources=[namespace])
    builder.assign("private names", *names)


def _add_file_systems(builder: Builder) -> None:
    ids: dict[str, str] = {}
    for system in builder.all("efs/fileSystem:FileSystem"):
        targets = [
            item
            for item in builder.all("efs/mountTarget:MountTarget")
            if string(item, "fileSystemId") == string(system, "id")
        ]
        ids[string(system, "id")] = builder.add(
            f"files {system.name}",
            "files",
            f"EFS {short(system.name)}",
            within="vpc",
            subnets=builder.subnets(item.properties.get("subnetId") for item in targets),
            resources=[system, *targets],
        )
    for service in builder.all("ecs/service:Service"):
        definition = definition_of(service, builder.stack)
        for volume in definition.blocks("volumes") if definition else ():
            system = block_of(volume, "efsVolumeConfiguration").get("fileSystemId")
            if definition is None or system is None:
                continue
            target = ids.get(str(system)) or builder.add(
                f"files {system}", "files", f"EFS {system}", within="vpc", external=True
            )
            path = _mount_path(definition, volume.get("name"))
            builder.connect(f"service {service.name}", target, "mounts", path)
    for point in builder.all("efs/accessPoint:AccessPoint"):
        system = string(point, "fileSystemId")
        builder.assign(ids.get(system, f"files {system}"), point)


def _mount_path(definition: Resource, volume: object) -> str:
    points = [point for item in containers_of(definition) for point in item.get("mountPoints", ())]
    return next((str(item["containerPath"]) for item in points if item.get("sourceVolume") == volume), "")


def _add_scheduled_task(builder: Builder, schedule: Resource) -> None:
    ecs = block_of(schedule.block("target"), "ecsParameters")
    count = int(ecs.get("taskCount", 1))
    time = _time_of(string(schedule, "scheduleExpression"), string(schedule, "scheduleExpressionTimezone"))
    groups = builder.all("scheduler/scheduleGroup:ScheduleGroup")
    for service in builder.all("ecs/service:Service"):
        if service.properties.get("taskDefinition") == ecs.get("taskDefinitionArn"):
            id_ = _add_schedule(builder, schedule, service.name, time)
            builder.connect(id_, f"service {service.name}", "starts", tasks_text(count, count))
            builder.assign(id_, *(item for item in groups if item.name == f"{service.name}-schedules"))


def _add_schedule(builder: Builder, resource: Resource, target: str, time: str) -> str:
    name = resource.name.removeprefix(f"{target}-")
    return builder.add(f"schedule {resource.name}", "schedule", name, [time], resources=[resource])


def _time_of(expression: str, zone: str) -> str:
    """Return when a schedule runs, in words if it is simple."""
    kind, _, text = expression.removesuffix(")").partition("(")
    zone = zone or "UTC"
    if kind == "rate":
        return f"every {text.removeprefix('1 ')}"
    if kind == "at":
        return f"{text.replace('T', ' ')} {zone}"
    minute, hour, day, month, weekday = (text.split() + [""] * _CRON_FIELDS)[:_CRON_FIELDS]
    if minute.isdecimal() and hour.isdecimal() and month == "*" and day in ("*", "?"):
        days = "every day" if weekday in ("*", "?") else weekday
        return f"{int(hour):02}:{int(minute):02} {days} {zone}"
    return f"{text} {zone}"
