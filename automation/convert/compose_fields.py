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
build.dockerfile_inline | | | write it into a file, and name that in `dockerfile` | refused | no
build.additional_contexts | | | a build has one context: `app-path` | refused | no
build.ssh | | | let `build-secrets` hand over a token instead of a key | refused | no
build.cache_from | | | builds keep a cache in the registry by themselves | ignored | no
build.cache_to | | | builds keep a cache in the registry by themselves | ignored | no
build.platforms | | `architecture` | of the service | refused | no
build.network | | | builds have BuildKit's own network | refused | no
build.labels | | | images have no labels of your own | ignored | no
build.tags | | | images are tagged by their content | refused | no
build.shm_size | | | builds have BuildKit's own | not named | no
build.extra_hosts | | | give the address a name in DNS | refused | no
build.no_cache | | | what did not change is not built again | ignored | no
build.pull | | | base images are resolved at each build | not named | no
build.privileged | | | builds have no privileges | refused | no
build.ulimits | | | builds have BuildKit's own | ignored | no
ports | | `exposure`, `container-port` | a service with published ports is public; see `--public` | yes | yes
expose | | `container-port` | for other services | not named | yes
environment | | `environment` | what looks like a secret, or leads to what is left out, goes into `secrets` |
    yes | yes
env_file | | `environment-files` | or `environment` and `secrets`, where it has secrets | not named | yes
secrets | | `secrets` | as variables, not as files in /run/secrets | external ones | yes
configs | | | put the file into the image | not named | no
command | words | `command` | a string is split as a shell does | yes | yes
entrypoint | words | `entrypoint` | a string is split as a shell does | refused | yes
volumes | | `volumes` | named volumes become EFS; folders of this machine do not exist there | ignored | EFS
tmpfs | | `tmpfs` | | not named | no
read_only | skip | `tmpfs` | the root is always read-only: list in `tmpfs` where the app writes | ignored |
    yes
depends_on | | `connect.calls`, `migration` | ECS starts services in no order and waits for no conditions |
    in part | yes
healthcheck.test | | `health-check-command`, `health-check-path` | the path of the URL is the load
    balancer's, too | yes | yes
healthcheck.disable | | `health-check-command` | | yes | not named
healthcheck.interval | | `health-check-interval-seconds` | of the load balancer; always 10 in the container |
    yes | yes
healthcheck.timeout | | `health-check-timeout-seconds` | of the load balancer; always 5 in the container |
    yes | yes
healthcheck.retries | | `unhealthy-threshold` | of the load balancer; always 3 in the container | yes | yes
healthcheck.start_period | seconds | `health-check-grace-period-seconds` | | ignored | yes
healthcheck.start_interval | | | ECS has none | ignored | not named
deploy.replicas | number | `desired-count` | | yes | yes
deploy.resources.limits.cpus | | `cpu` | the next size of Fargate | where nothing is reserved | yes
deploy.resources.limits.memory | | `memory` | the next size of Fargate | where nothing is reserved | yes
deploy.resources.reservations.cpus | | `cpu` | where there are no limits | yes | yes
deploy.resources.reservations.memory | | `memory` | where there are no limits | yes | yes
deploy.resources.reservations.devices | | | GPUs need `capacity` and `gpus`: docs/compute.md | not named |
    not named
deploy.resources.limits.pids | | | Fargate has no such limit | not named | not named
deploy.mode | | | `desired-count` says how many | replicated | not named
deploy.update_config | | | `rollout` and `deployment-minimum-healthy-percent` say how | refused | yes
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
working_dir | | | say it in the Dockerfile: `WORKDIR` | not named | yes
init | skip | `command` | there is always an init process that passes signals on | not named | not named
stop_grace_period | | `stop-timeout-seconds` | 2 to 120 seconds | not named | no
stop_signal | | | say it in the Dockerfile: `STOPSIGNAL` | not named | no
ulimits | | `ulimits` | `nofile` alone on Fargate | not named | yes
profiles | skip | `services` | a service with profiles is left out unless `--profile` names one | not named |
    not named
extends | | the service itself | merged as Compose does | yes | not named
restart | | `services` | ECS always restarts tasks; `no` is a job, or a `migration` | always | no
labels | | `domain`, `aliases` | the host names of Traefik's rules; others have no counterpart | ignored |
    yes
networks | skip | `connect` | services of one stack reach each other by name | yes | yes
container_name | | `connect.alias` | where a variable names it | ignored | yes
hostname | | `connect.alias` | where a variable names it | refused | in part
links | skip | `connect` | | ignored | on EC2
logging | | | lines go to CloudWatch; `log-options` with a log router elsewhere | ignored | yes
cap_add | | | the app has no Linux capabilities | not named | yes
cap_drop | skip | `sidecars.*.drop-capabilities` | all are dropped | not named | yes
security_opt | | | no new privileges are ever given; AppArmor and seccomp are AWS's | not named | no
privileged | | | no privileged containers, on EC2 neither | not named | not named
network_mode | | `network-mode` | each task has an address of its own | not named | no
extra_hosts | | | give the address a name in DNS | not named | no
dns | | | the VPC's resolver answers | refused | no
dns_search | | | name hosts in full | refused | no
sysctls | | | Fargate takes none | not named | on EC2
shm_size | | `tmpfs` | `/dev/shm` in memory, 64 MiB | not named | on EC2
devices | | | Fargate has none; for GPUs `gpus` | refused | no
gpus | | | GPUs need `capacity` and `gpus`: docs/compute.md | not named | not named
pid | | | processes of other containers are not seen | not named | no
ipc | | | no memory is shared with other containers | ignored | not named
develop | skip | `services` | for `make dev`; nothing of it is deployed | not named | not named
pull_policy | skip | `image` | a tag is resolved to its digest when the stack is deployed | not named | not
    named
stdin_open | skip | `execute-command` | `exec` opens a shell | not named | not named
tty | skip | `execute-command` | `exec` opens a shell | not named | not named
volumes_from | | | name the same `volumes` in both | ignored | not named
group_add | | | let `user` have the group: uid:gid | refused | no
""")
"""Fields of services: name, reader, keys, difference, Defang, ecs_composex."""
