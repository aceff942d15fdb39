"""The fields of Copilot's manifests: what each becomes here. docs/from-copilot.md has this table.

https://aws.github.io/copilot-cli/docs/manifest/overview/
"""

from __future__ import annotations

from typing import Final

from automation.convert.fields import Field

_QUEUE: Final = (
    "a topic or queue is an app's own here. Copilot's stay as long as its stack does: make them anew, name"
    " them in `environment`, and let `task-role-statements` allow `sns:Publish` or `sqs:ReceiveMessage`,"
    " `sqs:DeleteMessage`"
)
_FROM_CFN: Final = (
    "a value of a CloudFormation export is not read: look it up (`aws cloudformation list-exports`)"
)

WORKLOAD: Final = (
    Field("name", "`name`, or the name in `services`", "at most 16 characters; longer names are shortened"),
    Field(
        "type",
        "`exposure`, `schedules`",
        "http, tcp or none; a job becomes a service with `desired-count: 0`",
    ),
    Field("environments", "a file for each", "overrides are merged by Copilot's rules"),
    Field("image.build", "`app-path`, `dockerfile`", "a string: the Dockerfile, whose folder is the context"),
    Field("image.build.context", "`app-path`"),
    Field("image.build.dockerfile", "`dockerfile`", "omitted if it is the `Dockerfile` of the context"),
    Field("image.build.target", "`build-target`"),
    Field("image.build.args", "`build-args`"),
    Field("image.build.cache_from", "", "builds keep a cache in the registry by themselves"),
    Field("image.location", "`image`"),
    Field("image.credentials", "`registry-credentials`", "the image has to be named by digest then"),
    Field("image.port", "`container-port`"),
    Field("image.depends_on", "`depends-on`"),
    Field(
        "image.healthcheck.command", "`health-check-command`", "`[]` without one, as Copilot then has none"
    ),
    Field("image.healthcheck.interval", "", "always 10 seconds"),
    Field("image.healthcheck.timeout", "", "always 5 seconds"),
    Field("image.healthcheck.retries", "", "always 3"),
    Field(
        "image.healthcheck.start_period", "`health-check-grace-period-seconds`", "of a service without `http`"
    ),
    Field("image.labels", "", "containers have no labels of your own; `tags` are on every AWS resource"),
    Field("entrypoint", "`entrypoint`", "a string is split as a shell does"),
    Field("command", "`command`", "a string is split as a shell does"),
    Field("cpu", "`cpu`"),
    Field("memory", "`memory`"),
    Field("platform", "`architecture`", "x86_64 by default; Windows has no counterpart"),
    Field("count", "`desired-count`"),
    Field("count.range", "`autoscaling.min-count`, `max-count`", "the minimum is at least 1"),
    Field(
        "count.range.spot_from", "`capacity-provider-strategy`", "a base on FARGATE, the rest on FARGATE_SPOT"
    ),
    Field("count.spot", "`desired-count`, `capacity-provider-strategy`", "FARGATE_SPOT only"),
    Field("count.cpu_percentage", "`autoscaling.cpu-percent`"),
    Field("count.memory_percentage", "`autoscaling.memory-percent`"),
    Field("count.requests", "`autoscaling.requests-per-target`"),
    Field(
        "count.cooldown", "`autoscaling.scale-in-seconds`, `scale-out-seconds`", "one pair for all targets"
    ),
    Field("count.*.cooldown", "`autoscaling.scale-in-seconds`, `scale-out-seconds`", "the longest of them"),
    Field(
        "count.response_time",
        "",
        "no scaling by response time: use `requests` or CPU, and `alarms.p99-milliseconds`",
    ),
    Field(
        "count.queue_delay",
        "",
        "no scaling by queue length: use CPU, or times of day in `autoscaling.schedule`",
    ),
    Field("exec", "`execute-command`", "makes the root file system writable, as Copilot's is"),
    Field("variables", "`environment`", "what looks like a secret goes into `secrets`"),
    Field("variables.*.from_cfn", "", _FROM_CFN),
    Field("env_file", "`environment-files`"),
    Field("secrets", "`secrets`", "parameters and secrets stay where they are"),
    Field("secrets.*.secretsmanager", "`secrets`", "as `secret:<name>`"),
    Field("secrets.*.from_cfn", "", _FROM_CFN),
    Field("http.path", "`paths`", "`/` is everything; otherwise the path and everything below it"),
    Field("http.alias", "`domain`, `aliases`", "the main service's first is the domain"),
    Field("http.hosted_zone", "`hosted-zone-id`", "of the main service"),
    Field("http.healthcheck", "`health-check-path`", "/ by default"),
    Field("http.healthcheck.path", "`health-check-path`"),
    Field("http.healthcheck.port", "`health-check-port`"),
    Field("http.healthcheck.success_codes", "`health-check-codes`"),
    Field("http.healthcheck.healthy_threshold", "`healthy-threshold`", "by default 2 instead of 5"),
    Field("http.healthcheck.unhealthy_threshold", "`unhealthy-threshold`", "2 by default"),
    Field("http.healthcheck.interval", "`health-check-interval-seconds`", "by default 10 instead of 30"),
    Field("http.healthcheck.timeout", "`health-check-timeout-seconds`"),
    Field("http.healthcheck.grace_period", "`health-check-grace-period-seconds`", "60 by default"),
    Field("http.deregistration_delay", "`deregistration-delay-seconds`", "60 by default"),
    Field("http.stickiness", "`sticky-seconds`", "one day, as in Copilot"),
    Field("http.version", "`protocol-version`"),
    Field("http.target_container", "`ingress-container`"),
    Field("http.targetContainer", "`ingress-container`"),
    Field("http.target_port", "`container-port`, `sidecars.*.port`"),
    Field("http.allowed_source_ips", "`allowed-cidrs`", "for the whole load balancer, if all services agree"),
    Field("http.additional_rules", "`paths`", "rules that differ only in their path"),
    Field(
        "http.redirect_to_https",
        "",
        "with a `domain` HTTP is always redirected, without one there is HTTP alone",
    ),
    Field("http.alb", "", "name the listener of that load balancer: `listener-arn`, with `vpc-id`"),
    Field(
        "nlb.port", "`exposure: tcp`, `listener-port`, `listener-protocol`", "of a service with `http: false`"
    ),
    Field("nlb.target_port", "`container-port`"),
    Field("nlb.target_container", "`ingress-container`"),
    Field("nlb.alias", "`domain`, `aliases`"),
    Field("nlb.healthcheck.port", "`health-check-port`"),
    Field("nlb.healthcheck.healthy_threshold", "`healthy-threshold`"),
    Field("nlb.healthcheck.unhealthy_threshold", "`unhealthy-threshold`"),
    Field("nlb.healthcheck.interval", "`health-check-interval-seconds`"),
    Field("nlb.healthcheck.timeout", "`health-check-timeout-seconds`"),
    Field("nlb.healthcheck.grace_period", "`health-check-grace-period-seconds`"),
    Field("nlb.deregistration_delay", "`deregistration-delay-seconds`"),
    Field("nlb.ssl_policy", "", "`tls-policy` is the whole stack's"),
    Field("nlb.stickiness", "", "`sticky-seconds` is for HTTP alone"),
    Field("nlb.additional_listeners", "", "one listener per service: add a service with the same image"),
    Field("network.connect", "`connect`", "TCP, at the service's name and the app's own port, as in Copilot"),
    Field("network.connect.alias", "`connect.alias`"),
    Field("network.vpc.placement", "`nat`", "for the whole stack: private needs NAT gateways"),
    Field("network.vpc.placement.subnets", "", "`private-subnet-ids` are the whole stack's"),
    Field("network.vpc.security_groups", "`security-group-ids`", "4 at most"),
    Field("network.vpc.security_groups.groups", "`security-group-ids`"),
    Field("network.vpc.security_groups.deny_default", "", "tasks always have the stack's own group, too"),
    Field("storage.ephemeral", "`ephemeral-storage-gib`"),
    Field(
        "storage.readonly_fs", "`tmpfs`", "the root is always read-only: `tmpfs` has what the app writes to"
    ),
    Field("storage.volumes", "`volumes`", "read-only by default, as in Copilot"),
    Field(
        "storage.volumes.*.efs",
        "`volumes.*.efs`",
        "a new file system: copy the old one's files, or name its id",
    ),
    Field("storage.volumes.*.efs.id", "`volumes.*.efs.file-system-id`"),
    Field("storage.volumes.*.efs.auth.access_point_id", "`volumes.*.efs.access-point-id`"),
    Field(
        "storage.volumes.*.efs.auth.iam",
        "",
        "IAM is always used; the file system's policy has to allow the task role",
    ),
    Field("storage.volumes.*.efs.uid", "`user`", "the access point's user is the container's"),
    Field("storage.volumes.*.efs.gid", "`user`"),
    Field("storage.volumes.*.efs.root_dir", "", "make an access point for that folder: `access-point-id`"),
    Field("sidecars", "`sidecars`", "with a writable root and Docker's capabilities, as in Copilot"),
    Field("sidecars.*.image", "`sidecars.*.image`"),
    Field("sidecars.*.image.build", "", "push the image into a registry, and name it in `sidecars.*.image`"),
    Field("sidecars.*.port", "`sidecars.*.port`"),
    Field("sidecars.*.essential", "`sidecars.*.essential`"),
    Field("sidecars.*.credentialsParameter", "`sidecars.*.registry-credentials`"),
    Field("sidecars.*.variables", "`sidecars.*.environment`"),
    Field("sidecars.*.secrets", "`sidecars.*.secrets`"),
    Field("sidecars.*.env_file", "`sidecars.*.environment-files`"),
    Field("sidecars.*.mount_points", "`sidecars.*.volumes`", "read-write"),
    Field("sidecars.*.depends_on", "`sidecars.*.depends-on`"),
    Field("sidecars.*.entrypoint", "`sidecars.*.entrypoint`"),
    Field("sidecars.*.command", "`sidecars.*.command`"),
    Field("sidecars.*.healthcheck.command", "`sidecars.*.health-check-command`"),
    Field("sidecars.*.healthcheck", "", "always every 10 seconds, 5 for an answer, 3 retries"),
    Field("sidecars.*.labels", "", "containers have no labels of your own"),
    Field("logging.retention", "`log-retention-days`", "for the whole stack: the longest"),
    Field("logging.destination", "`log-options`", "with a sidecar that has `log-router`"),
    Field("logging.image", "`sidecars.log-router.image`"),
    Field("logging.enableMetadata", "`sidecars.log-router.log-router.ecs-metadata`"),
    Field("logging.configFilePath", "`sidecars.log-router.log-router.config-file`"),
    Field("logging.variables", "`sidecars.log-router.environment`"),
    Field("logging.secrets", "`sidecars.log-router.secrets`"),
    Field("logging.env_file", "`sidecars.log-router.environment-files`"),
    Field(
        "logging.secretOptions",
        "",
        "options of the output are plain: let the router read them from its `secrets`",
    ),
    Field(
        "deployment.rolling",
        "`deployment-minimum-healthy-percent`, `-maximum-percent`",
        "recreate is 0 and 101",
    ),
    Field("deployment.rollback_alarms", "`alarms.extra`", "names of alarms; thresholds have no counterpart"),
    Field(
        "observability.tracing", "`opentelemetry`", "AWS's collector; the app's SDK has to speak OTLP to it"
    ),
    Field(
        "on.schedule",
        "`schedules.*.cron`, `rate`",
        "weekdays count from 1 at AWS; `none` is `enabled: false`",
    ),
    Field("retries", "", "EventBridge sees only the start of a task: let the app retry"),
    Field("timeout", "", "no time limit for a task: let the command have one (`timeout 1h node job.js`)"),
    Field("publish", "", _QUEUE),
    Field("subscribe", "", _QUEUE),
    Field(
        "taskdef_overrides", "`ulimits`, `stop-timeout-seconds`, `user`", "others are listed in the report"
    ),
)
"""Of services and jobs."""

ENVIRONMENT: Final = (
    Field("name", "the stack's name"),
    Field("type", "nothing"),
    Field("network.vpc.id", "`vpc-id`"),
    Field("network.vpc.subnets.public", "`public-subnet-ids`", "by `id`"),
    Field("network.vpc.subnets.private", "`private-subnet-ids`", "by `id`"),
    Field(
        "network.vpc.cidr", "`cidr`", "subnets are derived from it; their number becomes `availability-zones`"
    ),
    Field(
        "network.vpc.security_group.egress",
        "`egress`",
        "single ports; everything else except 443 is closed here",
    ),
    Field(
        "network.vpc.security_group.ingress",
        "",
        "only the load balancer and other services reach tasks",
    ),
    Field("network.vpc.flow_logs", "`flow-logs: log-group`", "of a VPC that the stack makes"),
    Field("http.public.certificates", "`certificate-arn`", "one that covers every name"),
    Field("http.public.ingress.source_ips", "`allowed-cidrs`"),
    Field("http.public.ingress.cdn", "", "no CloudFront here: name its ranges in `allowed-cidrs`"),
    Field("http.public.security_groups", "", "`allowed-cidrs` has who reaches the load balancer"),
    Field("http.public.access_logs", "`log-bucket`", "a bucket that `bootstrap/` makes"),
    Field("http.public.access_logs.bucket_name", "`log-bucket`"),
    Field("http.public.ssl_policy", "`tls-policy`", "only policies with TLS 1.3"),
    Field("http.private.certificates", "`certificate-arn`", "of a stack with `internal: true`"),
    Field("http.private.subnets", "", "an internal load balancer is in `private-subnet-ids`"),
    Field("http.private.ingress.vpc", "`internal`", "the VPC always reaches an internal load balancer"),
    Field("http.private.ssl_policy", "`tls-policy`"),
    Field(
        "cdn",
        "",
        "no CloudFront here: keep the distribution separately, with the load balancer as its origin",
    ),
    Field("observability.container_insights", "`container-insights`", "off by default, as in Copilot"),
)
"""Of environments."""
