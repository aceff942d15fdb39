"""The fields of a service in a Compose file and their keys; docs/from-compose.md shows this table.

The last two columns are what others do with a field, by Defang's `src/pkg/cli/compose/validation.go` (August
2026) and the compatibility matrix of ecs_composex (February 2026).
"""

from __future__ import annotations

from typing import Final

from automation.convert.fields import table

SERVICE: Final = table("""
image | | `image` | databases, proxies and tools are left out and named | yes | yes
build | | `app-path` | a string is the context | yes | no
build.context | | `app-path` | | yes | no
build.dockerfile | | `dockerfile` | | inside of the context | no
build.target | text | `build-target` | | yes | no
build.args | | `build-args` | | yes | no
build.secrets | | `build-secrets` | from the top level's `file` or `environment` | refused | no
build.dockerfile_inline | | | write it to a file, and set `dockerfile` | refused | no
build.additional_contexts | | | a build has one context: `app-path` | refused | no
build.ssh | | | use a token in `build-secrets` instead of a key | refused | no
build.cache_from | | | builds always keep a cache in the registry | ignored | no
build.cache_to | | | builds always keep a cache in the registry | ignored | no
build.platforms | | `architecture` | the service's architecture | refused | no
build.network | | | builds have BuildKit's own network | refused | no
build.labels | | | images have no custom labels | ignored | no
build.tags | | | images are tagged by their content | refused | no
build.shm_size | | | builds have BuildKit's own | not named | no
build.extra_hosts | | | add the name to DNS | refused | no
build.no_cache | | | unchanged images are not built again | ignored | no
build.pull | | | base images are resolved at each build | not named | no
build.privileged | | | builds have no privileges | refused | no
build.ulimits | | | builds have BuildKit's own | ignored | no
ports | | `exposure`, `container-port` | a service with published ports is public; see `--public` | yes | yes
expose | | `container-port` | for other services | not named | yes
environment | | `environment` | likely secrets, and hosts outside the stack, go into `secrets` | yes | yes
env_file | | `environment-files` | or `environment` and `secrets`, where it has secrets | not named | yes
secrets | | `secrets` | as variables, not as files in /run/secrets | external ones | yes
configs | | | put the file into the image | not named | no
command | words | `command` | a string is split as a shell does | yes | yes
entrypoint | words | `entrypoint` | a string is split as a shell does | refused | yes
volumes | | `volumes` | named volumes are EFS; folders of this machine do not exist there | ignored | EFS
tmpfs | | `tmpfs` | | not named | no
read_only | skip | `tmpfs` | the root is always read-only: `tmpfs` lists where the app writes | ignored | yes
depends_on | | `connect.calls`, `migration` | ECS has no order and no conditions | in part | yes
healthcheck.test | | `health-check-command`, `health-check-path` | the URL's path, too | yes | yes
healthcheck.disable | | `health-check-command` | | yes | not named
healthcheck.interval | | `health-check-interval-seconds` | of the load balancer; inside it is 10 | yes | yes
healthcheck.timeout | | `health-check-timeout-seconds` | of the load balancer; inside it is 5 | yes | yes
healthcheck.retries | | `unhealthy-threshold` | of the load balancer; inside it is 3 | yes | yes
healthcheck.start_period | seconds | `health-check-grace-period-seconds` | | ignored | yes
healthcheck.start_interval | | | ECS has none | ignored | not named
deploy.replicas | number | `desired-count` | | yes | yes
deploy.resources.limits.cpus | | `cpu` | the next size of Fargate | where nothing is reserved | yes
deploy.resources.limits.memory | | `memory` | the next size of Fargate | where nothing is reserved | yes
deploy.resources.reservations.cpus | | `cpu` | where there are no limits | yes | yes
deploy.resources.reservations.memory | | `memory` | where there are no limits | yes | yes
deploy.resources.reservations.devices | | | set `capacity`, `gpus`: docs/compute.md | not named | not named
deploy.resources.limits.pids | | | Fargate has no such limit | not named | not named
deploy.mode | | | `desired-count` is the number of tasks | replicated | not named
deploy.update_config | | | set `rollout`, `deployment-minimum-healthy-percent` | refused | yes
deploy.rollback_config | | | a deployment that fails is always rolled back | refused | not named
deploy.restart_policy | | | ECS always restarts tasks | refused | not named
deploy.placement | | | Fargate chooses; on EC2 `placement-constraints` | ignored | not named
deploy.labels | | | `tags` are on every AWS resource | ignored | its own settings
deploy.endpoint_mode | | | the load balancer, or `connect` | refused | not named
scale | number | `desired-count` | | not named | not named
cpus | | `cpu` | the next size of Fargate | not named | not named
mem_limit | | `memory` | the next size of Fargate | not named | not named
mem_reservation | | `memory` | where there is no limit | not named | not named
platform | | `architecture` | arm64 by default | not named | not named
user | | `user` | never root | not named | uid:gid
working_dir | | | set `WORKDIR` in the Dockerfile | not named | yes
init | skip | `command` | an init process always passes signals on | not named | not named
stop_grace_period | | `stop-timeout-seconds` | 2 to 120 seconds | not named | no
stop_signal | | | set `STOPSIGNAL` in the Dockerfile | not named | no
ulimits | | `ulimits` | `nofile` alone on Fargate | not named | yes
profiles | skip | `services` | left out unless `--profile` names one of them | not named | not named
extends | | the service itself | merged as Compose does | yes | not named
restart | | `services` | ECS always restarts tasks; `no` is a job, or a `migration` | always | no
labels | | `domain`, `aliases` | host names of Traefik's rules; others are ignored | ignored | yes
networks | skip | `connect` | services of one stack reach each other by name | yes | yes
container_name | | `connect.alias` | where a variable names it | ignored | yes
hostname | | `connect.alias` | where a variable names it | refused | in part
links | skip | `connect` | | ignored | on EC2
logging | | | lines go to CloudWatch; `log-options` with a log router elsewhere | ignored | yes
cap_add | | | the app has no Linux capabilities | not named | yes
cap_drop | skip | `sidecars.*.drop-capabilities` | all are dropped | not named | yes
security_opt | | | no new privileges are ever given; AppArmor and seccomp are AWS's | not named | no
privileged | | | no privileged containers, not on EC2 either | not named | not named
network_mode | | `network-mode` | each task has its own address | not named | no
extra_hosts | | | add the name to DNS | not named | no
dns | | | the VPC's resolver is used | refused | no
dns_search | | | use full host names | refused | no
sysctls | | | Fargate accepts none | not named | on EC2
shm_size | | `tmpfs` | `/dev/shm` in memory, 64 MiB | not named | on EC2
devices | | | Fargate has none; for GPUs `gpus` | refused | no
gpus | | | for GPUs `capacity`, `gpus`: docs/compute.md | not named | not named
pid | | | processes of other containers are not seen | not named | no
ipc | | | no memory is shared with other containers | ignored | not named
develop | skip | `services` | for `make dev`; it is not deployed | not named | not named
pull_policy | skip | `image` | a deployment resolves a tag to its digest | not named | not named
stdin_open | skip | `execute-command` | `exec` opens a shell | not named | not named
tty | skip | `execute-command` | `exec` opens a shell | not named | not named
volumes_from | | | name the same `volumes` in both | ignored | not named
group_add | | | set the group in `user`: uid:gid | refused | no
""")
"""Fields of services: name, reader, keys, difference, Defang, ecs_composex."""
