"""The fields of Copilot's manifests and their keys; docs/from-copilot.md shows these tables.

https://aws.github.io/copilot-cli/docs/manifest/overview/
"""

from __future__ import annotations

from typing import Final

from automation.convert.fields import table

WORKLOAD: Final = table("""
name | skip | `name`, or the name in `services` | at most 16 characters; longer names are shortened
type | skip | `exposure`, `schedules` | http, tcp or none; a job becomes a service with `desired-count: 0`
environments | | a file for each | overrides are merged by Copilot's rules
image.build | | `app-path`, `dockerfile` | a string: the Dockerfile, whose folder is the context
image.build.context | | `app-path`
image.build.dockerfile | | `dockerfile` | omitted if it is the `Dockerfile` of the context
image.build.target | text | `build-target`
image.build.args | | `build-args`
image.build.cache_from | | | builds always keep a cache in the registry
image.location | | `image`
image.credentials | | `registry-credentials` | the image has to be named by digest then
image.port | number | `container-port`
image.depends_on | | `depends-on`
image.healthcheck.command | | `health-check-command` | `[]` without one, as Copilot then has none
image.healthcheck.interval | | | always 10 seconds
image.healthcheck.timeout | | | always 5 seconds
image.healthcheck.retries | | | always 3
image.healthcheck.start_period | | `health-check-grace-period-seconds` | of a service without `http`
image.labels | | | containers have no custom labels; `tags` are on every AWS resource
entrypoint | words | `entrypoint` | a string is split as a shell does
command | words | `command` | a string is split as a shell does
cpu | number | `cpu`
memory | number | `memory`
platform | | `architecture` | x86_64 by default; Windows has no counterpart
count | | `desired-count`
count.range | | `autoscaling.min-count`, `max-count` | the minimum is at least 1
count.range.spot_from | | `capacity-provider-strategy` | a base on FARGATE, the rest on FARGATE_SPOT
count.spot | | `desired-count`, `capacity-provider-strategy` | FARGATE_SPOT only
count.cpu_percentage | | `autoscaling.cpu-percent`
count.memory_percentage | | `autoscaling.memory-percent`
count.requests | | `autoscaling.requests-per-target`
count.cooldown | | `autoscaling.scale-in-seconds`, `scale-out-seconds` | one pair for all targets
count.*.cooldown | | `autoscaling.scale-in-seconds`, `scale-out-seconds` | the longest of them
count.response_time | | | no scaling by response time: use `requests` or CPU, and `alarms.p99-milliseconds`
count.queue_delay | | | no scaling by queue length: use CPU, or times of day in `autoscaling.schedule`
exec | | `execute-command` | makes the root file system writable, as Copilot's is
variables | | `environment` | likely secrets go into `secrets`
variables.*.from_cfn | | | exports are not read: look the value up (`aws cloudformation list-exports`)
env_file | | `environment-files`
secrets | | `secrets` | parameters and secrets are not moved
secrets.*.secretsmanager | | `secrets` | as `secret:<name>`
secrets.*.from_cfn | | | exports are not read: look the value up (`aws cloudformation list-exports`)
http.path | | `paths` | `/` is everything; otherwise the path and everything below it
http.alias | | `domain`, `aliases` | the main service's first is the domain
http.hosted_zone | | `hosted-zone-id` | of the main service
http.healthcheck | | `health-check-path` | / by default
http.healthcheck.path | | `health-check-path`
http.healthcheck.port | number | `health-check-port`
http.healthcheck.success_codes | text | `health-check-codes`
http.healthcheck.healthy_threshold | number | `healthy-threshold` | by default 2 instead of 5
http.healthcheck.unhealthy_threshold | number | `unhealthy-threshold` | 2 by default
http.healthcheck.interval | seconds | `health-check-interval-seconds` | by default 10 instead of 30
http.healthcheck.timeout | seconds | `health-check-timeout-seconds`
http.healthcheck.grace_period | seconds | `health-check-grace-period-seconds` | 60 by default
http.deregistration_delay | seconds | `deregistration-delay-seconds` | 60 by default
http.stickiness | | `sticky-seconds` | one day, as in Copilot
http.version | | `protocol-version`
http.target_container | | `ingress-container`
http.targetContainer | | `ingress-container`
http.target_port | | `container-port`, `sidecars.*.port`
http.allowed_source_ips | | `allowed-cidrs` | for the whole load balancer, if all services agree
http.additional_rules | | `paths` | rules that differ only in their path
http.redirect_to_https | | | with a `domain` HTTP is always redirected, without one there is HTTP alone
http.alb | | | set that load balancer's `listener-arn`, with `vpc-id`
nlb.port | | `exposure: tcp`, `listener-port`, `listener-protocol` | of a service with `http: false`
nlb.target_port | | `container-port`
nlb.target_container | | `ingress-container`
nlb.alias | | `domain`, `aliases`
nlb.healthcheck.port | number | `health-check-port`
nlb.healthcheck.healthy_threshold | number | `healthy-threshold`
nlb.healthcheck.unhealthy_threshold | number | `unhealthy-threshold`
nlb.healthcheck.interval | seconds | `health-check-interval-seconds`
nlb.healthcheck.timeout | seconds | `health-check-timeout-seconds`
nlb.healthcheck.grace_period | seconds | `health-check-grace-period-seconds`
nlb.deregistration_delay | seconds | `deregistration-delay-seconds`
nlb.ssl_policy | | | `tls-policy` is the whole stack's
nlb.stickiness | | | `sticky-seconds` is for HTTP alone
nlb.additional_listeners | | | one listener per service: add a service with the same image
network.connect | | `connect` | TCP, at the service's name and the app's own port, as in Copilot
network.connect.alias | | `connect.alias`
network.vpc.placement | | `nat` | for the whole stack: private needs NAT gateways
network.vpc.placement.subnets | | | `private-subnet-ids` are the whole stack's
network.vpc.security_groups | | `security-group-ids` | 4 at most
network.vpc.security_groups.groups | | `security-group-ids`
network.vpc.security_groups.deny_default | | | tasks always have the stack's own group, too
storage.ephemeral | | `ephemeral-storage-gib`
storage.readonly_fs | skip | `tmpfs` | the root is always read-only: `tmpfs` has what the app writes to
storage.volumes | | `volumes` | read-only by default, as in Copilot
storage.volumes.*.efs | | `volumes.*.efs` | a new file system: copy the old one's files, or name its id
storage.volumes.*.efs.id | | `volumes.*.efs.file-system-id`
storage.volumes.*.efs.auth.access_point_id | | `volumes.*.efs.access-point-id`
storage.volumes.*.efs.auth.iam | | | IAM is always used; the file system's policy has to allow the task role
storage.volumes.*.efs.uid | | `user` | the access point's user is the container's
storage.volumes.*.efs.gid | | `user`
storage.volumes.*.efs.root_dir | | | make an access point for that folder: `access-point-id`
sidecars | | `sidecars` | with a writable root and Docker's capabilities, as in Copilot
sidecars.*.image | | `sidecars.*.image`
sidecars.*.image.build | | | push the image into a registry, and name it in `sidecars.*.image`
sidecars.*.port | | `sidecars.*.port`
sidecars.*.essential | | `sidecars.*.essential`
sidecars.*.credentialsParameter | text | `sidecars.*.registry-credentials` | name the image by digest
sidecars.*.variables | | `sidecars.*.environment`
sidecars.*.secrets | | `sidecars.*.secrets`
sidecars.*.env_file | | `sidecars.*.environment-files`
sidecars.*.mount_points | | `sidecars.*.volumes` | read-write
sidecars.*.depends_on | | `sidecars.*.depends-on`
sidecars.*.entrypoint | words | `sidecars.*.entrypoint`
sidecars.*.command | words | `sidecars.*.command`
sidecars.*.healthcheck.command | texts | `sidecars.*.health-check-command`
sidecars.*.healthcheck | | | always every 10 seconds, 5 for an answer, 3 retries
sidecars.*.labels | | | containers have no custom labels
logging.retention | | `log-retention-days` | for the whole stack: the longest
logging.destination | | `log-options` | with a sidecar that has `log-router`
logging.image | | `sidecars.log-router.image`
logging.enableMetadata | | `sidecars.log-router.log-router.ecs-metadata`
logging.configFilePath | | `sidecars.log-router.log-router.config-file`
logging.variables | | `sidecars.log-router.environment`
logging.secrets | | `sidecars.log-router.secrets`
logging.env_file | | `sidecars.log-router.environment-files`
logging.secretOptions | | | options of the output are plain: let the router read them from its `secrets`
deployment.rolling | | `deployment-minimum-healthy-percent`, `-maximum-percent` | recreate is 0 and 101
deployment.rollback_alarms | | `alarms.extra` | names of alarms; thresholds have no counterpart
observability.tracing | | `opentelemetry` | AWS's collector; the app's SDK has to send it OTLP
on.schedule | | `schedules.*.cron`, `rate` | weekdays count from 1 at AWS; `none` is `enabled: false`
retries | | | EventBridge sees only the start of a task: let the app retry
timeout | | | no time limit for a task: let the command have one (`timeout 1h node job.js`)
publish | | | Copilot deletes its topics and queues: create new ones (`environment`, `task-role-statements`)
subscribe | | | Copilot deletes its topics and queues: create new ones (`environment`, `task-role-statements`)
taskdef_overrides | | `ulimits`, `stop-timeout-seconds`, `user` | others are listed in the report
""")
"""Fields of services and jobs: name, reader, keys, difference."""

ENVIRONMENT: Final = table("""
name | skip | the stack's name
type | skip | nothing
network.vpc.id | text | `vpc-id`
network.vpc.subnets.public | | `public-subnet-ids` | by `id`
network.vpc.subnets.private | | `private-subnet-ids` | by `id`
network.vpc.cidr | | `cidr` | subnets are derived from it; their number becomes `availability-zones`
network.vpc.security_group.egress | | `egress` | single ports; everything else except 443 is closed here
network.vpc.security_group.ingress | | | only the load balancer and other services reach tasks
network.vpc.flow_logs | | `flow-logs: log-group` | of a VPC that the stack creates
http.public.certificates | | `certificate-arn` | one that covers every name
http.public.ingress.source_ips | texts | `allowed-cidrs`
http.public.ingress.cdn | | | no CloudFront here: name its ranges in `allowed-cidrs`
http.public.security_groups | | | `allowed-cidrs` has who reaches the load balancer
http.public.access_logs | | `log-bucket` | a bucket that `bootstrap/` makes
http.public.access_logs.bucket_name | | `log-bucket`
http.public.ssl_policy | text | `tls-policy` | only policies with TLS 1.3
http.private.certificates | | `certificate-arn` | of a stack with `internal: true`
http.private.subnets | | | an internal load balancer is in `private-subnet-ids`
http.private.ingress.vpc | skip | `internal` | the VPC always reaches an internal load balancer
http.private.ssl_policy | text | `tls-policy`
cdn | | | no CloudFront here: keep the distribution separately, with the load balancer as its origin
observability.container_insights | | `container-insights` | off by default, as in Copilot
""")
"""Fields of environments."""
