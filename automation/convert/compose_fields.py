"""The fields of a service in a Compose file: what each becomes here. docs/from-compose.md has this table.

What others do with them, read in their sources: Defang's `src/pkg/cli/compose/validation.go` (August 2026)
and the compatibility matrix of ecs_composex (February 2026).
"""

from __future__ import annotations

from typing import Final

from automation.convert.fields import Field

_YES: Final = "yes"
_NO: Final = "no"
_REFUSED: Final = "refused"
_IGNORED: Final = "ignored"
_UNNAMED: Final = "not named"

SERVICE: Final = (
    Field("image", "`image`", "databases, proxies and tools are left out and named", (_YES, _YES)),
    Field("build", "`app-path`", "a string is the context", (_YES, _NO)),
    Field("build.context", "`app-path`", "", (_YES, _NO)),
    Field("build.dockerfile", "`dockerfile`", "", ("inside of the context", _NO)),
    Field("build.target", "`build-target`", "", (_YES, _NO)),
    Field("build.args", "`build-args`", "", (_YES, _NO)),
    Field(
        "build.secrets", "`build-secrets`", "from the top level's `file` or `environment`", (_REFUSED, _NO)
    ),
    Field(
        "build.dockerfile_inline", "", "write it into a file, and name that in `dockerfile`", (_REFUSED, _NO)
    ),
    Field("build.additional_contexts", "", "a build has one context: `app-path`", (_REFUSED, _NO)),
    Field("build.ssh", "", "let `build-secrets` hand over a token instead of a key", (_REFUSED, _NO)),
    Field("build.cache_from", "", "builds keep a cache in the registry by themselves", (_IGNORED, _NO)),
    Field("build.cache_to", "", "builds keep a cache in the registry by themselves", (_IGNORED, _NO)),
    Field("build.platforms", "`architecture`", "of the service", (_REFUSED, _NO)),
    Field("build.network", "", "builds have BuildKit's own network", (_REFUSED, _NO)),
    Field("build.labels", "", "images have no labels of your own", (_IGNORED, _NO)),
    Field("build.tags", "", "images are tagged by their content", (_REFUSED, _NO)),
    Field("build.shm_size", "", "builds have BuildKit's own", (_UNNAMED, _NO)),
    Field("build.extra_hosts", "", "give the address a name in DNS", (_REFUSED, _NO)),
    Field("build.no_cache", "", "what did not change is not built again", (_IGNORED, _NO)),
    Field("build.pull", "", "base images are resolved at each build", (_UNNAMED, _NO)),
    Field("build.privileged", "", "builds have no privileges", (_REFUSED, _NO)),
    Field("build.ulimits", "", "builds have BuildKit's own", (_IGNORED, _NO)),
    Field(
        "ports",
        "`exposure`, `container-port`",
        "a service with published ports is public; see `--public`",
        (_YES, _YES),
    ),
    Field("expose", "`container-port`", "for other services", (_UNNAMED, _YES)),
    Field(
        "environment",
        "`environment`",
        "what looks like a secret, or leads to what is left out, goes into `secrets`",
        (_YES, _YES),
    ),
    Field(
        "env_file",
        "`environment-files`",
        "or `environment` and `secrets`, where it has secrets",
        (_UNNAMED, _YES),
    ),
    Field("secrets", "`secrets`", "as variables, not as files in /run/secrets", ("external ones", _YES)),
    Field("configs", "", "put the file into the image", (_UNNAMED, _NO)),
    Field("command", "`command`", "a string is split as a shell does", (_YES, _YES)),
    Field("entrypoint", "`entrypoint`", "a string is split as a shell does", (_REFUSED, _YES)),
    Field(
        "volumes",
        "`volumes`",
        "named volumes become EFS; folders of this machine do not exist there",
        (_IGNORED, "EFS"),
    ),
    Field("tmpfs", "`tmpfs`", "", (_UNNAMED, _NO)),
    Field(
        "read_only",
        "`tmpfs`",
        "the root is always read-only: list in `tmpfs` where the app writes",
        (_IGNORED, _YES),
    ),
    Field(
        "depends_on",
        "`connect.calls`, `migration`",
        "ECS starts services in no order and waits for no conditions",
        ("in part", _YES),
    ),
    Field(
        "healthcheck.test",
        "`health-check-command`, `health-check-path`",
        "the path of the URL is the load balancer's, too",
        (_YES, _YES),
    ),
    Field("healthcheck.disable", "`health-check-command`", "", (_YES, _UNNAMED)),
    Field(
        "healthcheck.interval",
        "`health-check-interval-seconds`",
        "of the load balancer; always 10 in the container",
        (_YES, _YES),
    ),
    Field(
        "healthcheck.timeout",
        "`health-check-timeout-seconds`",
        "of the load balancer; always 5 in the container",
        (_YES, _YES),
    ),
    Field(
        "healthcheck.retries",
        "`unhealthy-threshold`",
        "of the load balancer; always 3 in the container",
        (_YES, _YES),
    ),
    Field("healthcheck.start_period", "`health-check-grace-period-seconds`", "", (_IGNORED, _YES)),
    Field("healthcheck.start_interval", "", "ECS has none", (_IGNORED, _UNNAMED)),
    Field("deploy.replicas", "`desired-count`", "", (_YES, _YES)),
    Field(
        "deploy.resources.limits.cpus",
        "`cpu`",
        "the next size of Fargate",
        ("where nothing is reserved", _YES),
    ),
    Field(
        "deploy.resources.limits.memory",
        "`memory`",
        "the next size of Fargate",
        ("where nothing is reserved", _YES),
    ),
    Field("deploy.resources.reservations.cpus", "`cpu`", "where there are no limits", (_YES, _YES)),
    Field("deploy.resources.reservations.memory", "`memory`", "where there are no limits", (_YES, _YES)),
    Field(
        "deploy.resources.reservations.devices",
        "",
        "GPUs need `capacity` and `gpus`: docs/compute.md",
        (_UNNAMED, _UNNAMED),
    ),
    Field("deploy.resources.limits.pids", "", "Fargate has no such limit", (_UNNAMED, _UNNAMED)),
    Field("deploy.mode", "", "`desired-count` says how many", ("replicated", _UNNAMED)),
    Field(
        "deploy.update_config",
        "",
        "`rollout` and `deployment-minimum-healthy-percent` say how",
        (_REFUSED, _YES),
    ),
    Field(
        "deploy.rollback_config", "", "a deployment that fails is always rolled back", (_REFUSED, _UNNAMED)
    ),
    Field("deploy.restart_policy", "", "ECS always restarts tasks", (_REFUSED, _UNNAMED)),
    Field("deploy.placement", "", "Fargate chooses; on EC2 `placement-constraints`", (_IGNORED, _UNNAMED)),
    Field("deploy.labels", "", "`tags` are on every AWS resource", (_IGNORED, "its own settings")),
    Field("deploy.endpoint_mode", "", "the load balancer, or `connect`", (_REFUSED, _UNNAMED)),
    Field("scale", "`desired-count`", "", (_UNNAMED, _UNNAMED)),
    Field("cpus", "`cpu`", "the next size of Fargate", (_UNNAMED, _UNNAMED)),
    Field("mem_limit", "`memory`", "the next size of Fargate", (_UNNAMED, _UNNAMED)),
    Field("mem_reservation", "`memory`", "where there is no limit", (_UNNAMED, _UNNAMED)),
    Field("platform", "`architecture`", "arm64 by default", (_UNNAMED, _UNNAMED)),
    Field("user", "`user`", "never root", (_UNNAMED, "uid:gid")),
    Field("working_dir", "", "say it in the Dockerfile: `WORKDIR`", (_UNNAMED, _YES)),
    Field(
        "init", "`command`", "there is always an init process that passes signals on", (_UNNAMED, _UNNAMED)
    ),
    Field("stop_grace_period", "`stop-timeout-seconds`", "2 to 120 seconds", (_UNNAMED, _NO)),
    Field("stop_signal", "", "say it in the Dockerfile: `STOPSIGNAL`", (_UNNAMED, _NO)),
    Field("ulimits", "`ulimits`", "`nofile` alone on Fargate", (_UNNAMED, _YES)),
    Field(
        "profiles",
        "`services`",
        "a service with profiles is left out unless `--profile` names one",
        (_UNNAMED, _UNNAMED),
    ),
    Field("extends", "the service itself", "merged as Compose does", (_YES, _UNNAMED)),
    Field(
        "restart",
        "`services`",
        "ECS always restarts tasks; `no` is a job, or a `migration`",
        ("always", _NO),
    ),
    Field(
        "labels",
        "`domain`, `aliases`",
        "the host names of Traefik's rules; others have no counterpart",
        (_IGNORED, _YES),
    ),
    Field("networks", "`connect`", "services of one stack reach each other by name", (_YES, _YES)),
    Field("container_name", "`connect.alias`", "where a variable names it", (_IGNORED, _YES)),
    Field("hostname", "`connect.alias`", "where a variable names it", (_REFUSED, "in part")),
    Field("links", "`connect`", "", (_IGNORED, "on EC2")),
    Field(
        "logging", "", "lines go to CloudWatch; `log-options` with a log router elsewhere", (_IGNORED, _YES)
    ),
    Field("cap_add", "", "the app has no Linux capabilities", (_UNNAMED, _YES)),
    Field("cap_drop", "`sidecars.*.drop-capabilities`", "all are dropped", (_UNNAMED, _YES)),
    Field(
        "security_opt",
        "",
        "no new privileges are ever given; AppArmor and seccomp are AWS's",
        (_UNNAMED, _NO),
    ),
    Field(
        "privileged",
        "",
        "no privileged containers, on EC2 neither",
        (_UNNAMED, _UNNAMED),
    ),
    Field("network_mode", "`network-mode`", "each task has an address of its own", (_UNNAMED, _NO)),
    Field("extra_hosts", "", "give the address a name in DNS", (_UNNAMED, _NO)),
    Field("dns", "", "the VPC's resolver answers", (_REFUSED, _NO)),
    Field("dns_search", "", "name hosts in full", (_REFUSED, _NO)),
    Field("sysctls", "", "Fargate takes none", (_UNNAMED, "on EC2")),
    Field("shm_size", "`tmpfs`", "`/dev/shm` in memory, 64 MiB", (_UNNAMED, "on EC2")),
    Field("devices", "", "Fargate has none; for GPUs `gpus`", (_REFUSED, _NO)),
    Field("gpus", "", "GPUs need `capacity` and `gpus`: docs/compute.md", (_UNNAMED, _UNNAMED)),
    Field("pid", "", "processes of other containers are not seen", (_UNNAMED, _NO)),
    Field("ipc", "", "no memory is shared with other containers", (_IGNORED, _UNNAMED)),
    Field("develop", "`services`", "for `make dev`; nothing of it is deployed", (_UNNAMED, _UNNAMED)),
    Field(
        "pull_policy",
        "`image`",
        "a tag is resolved to its digest when the stack is deployed",
        (_UNNAMED, _UNNAMED),
    ),
    Field("stdin_open", "`execute-command`", "`exec` opens a shell", (_UNNAMED, _UNNAMED)),
    Field("tty", "`execute-command`", "`exec` opens a shell", (_UNNAMED, _UNNAMED)),
    Field("volumes_from", "", "name the same `volumes` in both", (_IGNORED, _UNNAMED)),
    Field("group_add", "", "let `user` have the group: uid:gid", (_REFUSED, _NO)),
)
"""Of services."""
