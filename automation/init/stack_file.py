"""The text of a stack file for a team's own app, with a comment for each decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import yaml

from automation.stack_text import stack_text

Kind = Literal["production", "rehearsal", "development"]

_KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(("prod", "production", "live", "main"), "production"),
    **dict.fromkeys(("staging", "stage", "preprod", "uat", "qa", "acceptance"), "rehearsal"),
}
_ABOUT: Final[dict[Kind, str]] = {
    "production": "Production: three tasks or more in three zones, a new version gets a quarter of the"
    " requests first, and nothing that matters can be deleted.",
    "rehearsal": "A rehearsal of production, but smaller.",
    "development": "Cheap: one small Spot task, no NAT gateway, no alarms.",
}
_KEYS: Final[dict[Kind, str]] = {
    "production": """
# Load balancer, network and images cannot be deleted by mistake.
protect: true
# A NAT gateway for each zone, so that no zone needs another one.
availability-zones: 3
nat: one-per-az
# Tasks of one vCPU and 2 GB; as many as the load needs.
cpu: 1024
memory: 2048
desired-count: 3
autoscaling: {enabled: true, min-count: 3, max-count: 12}
# A new version gets a part of the requests first: docs/strategies.md.
rollout: {strategy: canary}
# No pull request's stack attaches to it, so the certificate names this domain alone.
preview-stacks: {maximum: 0}
# AWS WAF before the load balancer: docs/security.md.
firewall: {enabled: true}
# What bootstrap/ creates for the account. As long as it is missing, a preview says so.
log-bucket: bootstrap
log-key-arn: bootstrap
notifications: {topic-arn: bootstrap}
flow-logs: bucket
log-retention-days: 365
dashboard: true
""",
    "rehearsal": """
# Tasks of half a vCPU and 1 GB.
cpu: 512
memory: 1024
desired-count: 2
# What bootstrap/ creates for the account. As long as it is missing, a preview says so.
log-bucket: bootstrap
log-key-arn: bootstrap
""",
    "development": """
# Tasks have public addresses instead: a NAT gateway costs more than they do.
nat: none
# Spot is cheaper, and AWS may take a task back after two minutes' notice.
capacity-provider-strategy: [{capacity-provider: FARGATE_SPOT, weight: 1}]
container-insights: disabled
alarms: {enabled: false}
log-retention-days: 7
""",
}
"""Keys by what a stack is for, with comments, as they are in the file."""
_NO_PATH: Final = (
    "The app has no known path for a health check: its start page is requested, and a redirect is healthy,"
    " too. Better is a path that answers 200 only when the app is ready."
)
_CACHE: Final = {"ECR.2/app-cache": "the build cache is one tag that moves"}
_NOT_PRODUCTION: Final = {
    "ELB.6": "this stack is destroyed and created again",
    "EC2.6": "only the team sends requests to this stack",
}
_EXCEPTIONS: Final[dict[Kind, dict[str, str]]] = {
    "production": _CACHE,
    "rehearsal": {**_CACHE, **_NOT_PRODUCTION},
    "development": {
        "ECS.2": "no NAT gateway; tasks accept connections from the load balancer alone",
        "ECS.12": "Container Insights costs more than the tasks",
        **_CACHE,
        "ELB.5": "only the team sends requests to this stack",
        **_NOT_PRODUCTION,
    },
}


@dataclass(frozen=True, kw_only=True)
class AppKeys:
    """The values of an app's keys."""

    path: str
    """Folder of the build, from the project's root."""
    dockerfile: str | None
    """From the project's root; None for the one in that folder."""
    port: int
    health_path: str | None
    """None for an app without a known path: the start page is requested."""
    has_health_command: bool = False
    """Whether it has the script of the default health check in the container."""
    writes_to: tuple[str, ...] = ()
    """Folders besides /tmp that it writes to."""
    public_variables: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables of a public stack."""
    build_secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    """Files that the build mounts as secrets, by id."""


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """A stack file to write."""

    project: str
    stack: str
    app: AppKeys
    region: str
    zone: str | None
    """The hosted zone; None for a stack without a domain."""
    profile: str | None = None
    role: str | None = None

    @property
    def kind(self) -> Kind:
        """What the stack is for, by its name."""
        return _KINDS.get(self.stack, "development")

    @property
    def host(self) -> str | None:
        """The host name: www in the zone for production, else the stack's name."""
        if self.zone is None:
            return None
        return f"{'www' if self.kind == 'production' else self.stack.lower().replace('_', '-')}.{self.zone}"

    def text(self) -> str:
        """Return the file."""
        config: dict[str, Any] = {}
        comments: dict[tuple[str, ...], str] = {}
        for comment, values in self._groups():
            if comment:
                comments[next(iter(values)),] = comment
            config |= values
        return stack_text(self.project, config, head=[*self._head()], comments=comments)

    def _head(self) -> Iterator[str]:
        yield _ABOUT[self.kind]
        yield f"What it costs: `python -m automation cost {self.stack}`. Every key: docs/configuration.md."
        if self.zone is None:
            yield (
                "It has no domain, so the load balancer serves plain HTTP at its own name. `domain` and"
                " `zone` give it a name, a certificate and HTTPS."
            )

    def _groups(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield keys with the comment above them."""
        yield "", {"aws:region": self.region}
        if self.profile:
            yield (
                "Every machine that deploys needs this profile in ~/.aws/config, a workflow's too.",
                {"profile": self.profile},
            )
        if self.role:
            yield "Assumed before anything is created.", {"assume-role-arn": self.role}
        yield from self._app_groups()
        if self.host:
            yield (
                "Host name, and the Route 53 hosted zone that holds it.",
                {"domain": self.host, "zone": self.zone},
            )
        comment = ""
        for line in _KEYS[self.kind].strip().splitlines():
            if line.startswith("#"):
                comment = line.strip("# ")
            else:
                yield comment, yaml.safe_load(line)
                comment = ""
        yield (
            f"Controls that the stack fails; `python -m automation policies {self.stack}` checks all.",
            {"exceptions": _EXCEPTIONS[self.kind]},
        )

    def _app_groups(self) -> Iterator[tuple[str, dict[str, Any]]]:
        app = self.app
        dockerfile = {"dockerfile": app.dockerfile} if app.dockerfile else {}
        yield (
            "The app: its folder, and the port it listens on, which it gets as PORT.",
            {"app-path": app.path, **dockerfile, "container-port": app.port},
        )
        if app.build_secrets:
            yield (
                "Files with tokens, for the build alone: they are in no image.",
                {"build-secrets": {name: {"file": file} for name, file in app.build_secrets.items()}},
            )
        if app.health_path:
            yield "The path that answers 200 when the app is ready.", {"health-check-path": app.health_path}
        else:
            yield (_NO_PATH, {"health-check-path": "/", "health-check-codes": "200-399"})
        if not app.has_health_command:
            yield (
                "No health check inside the container: the load balancer's decides.",
                {"health-check-command": []},
            )
        if app.public_variables and self.kind == "production":
            yield (
                "The page names no tasks and addresses: docs/security.md#the-app.",
                {"environment": dict(app.public_variables)},
            )
        if app.writes_to:
            folders = dict.fromkeys(("/tmp", *app.writes_to), 64)  # noqa: S108 -- the container's
            yield (
                "Folders in memory that the app writes to, in MiB; the rest is read-only.",
                {"tmpfs": folders},
            )
