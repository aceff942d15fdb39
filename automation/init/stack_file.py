"""The text of a stack file for a team's own app, with a comment for each decision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from automation.stack_text import stack_text

Kind = Literal["production", "rehearsal", "development"]

_KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(("prod", "production", "live", "main"), "production"),
    **dict.fromkeys(("staging", "stage", "preprod", "uat", "qa", "acceptance"), "rehearsal"),
}
_ABOUT: Final[dict[Kind, str]] = {
    "production": "What users meet: three tasks or more in three zones, a new version on a quarter of the "
    "requests first, and nothing that matters can be deleted.",
    "rehearsal": "The rehearsal: as production, but smaller.",
    "development": "A cheap place to try things: one small Spot task, no NAT gateway, no alarms.",
}
_NO_PATH: Final = (
    "No path for a health check was found: the start page counts, a redirect too. Better is a path that "
    "answers 200 only when the app is ready."
)
_CACHE: Final = {"ECR.2/app-cache": "the build cache is one tag that moves"}
_SIZES: Final[dict[Kind, tuple[tuple[str, dict[str, Any]], ...]]] = {
    "production": (
        ("Load balancer, network and images cannot be deleted by mistake.", {"protect": True}),
        (
            "A NAT gateway for each zone, so that no zone needs another one.",
            {"availability-zones": 3, "nat": "one-per-az"},
        ),
        (
            "Tasks of one vCPU and 2 GB; as many as the load asks for.",
            {
                "cpu": 1024,
                "memory": 2048,
                "desired-count": 3,
                "autoscaling": {"enabled": True, "min-count": 3, "max-count": 12},
            },
        ),
        (
            "A new version gets a part of the requests first: docs/strategies.md.",
            {"rollout": {"strategy": "canary"}},
        ),
        (
            "No pull request's stack attaches to it, so the certificate names this domain alone.",
            {"preview-stacks": {"maximum": 0}},
        ),
        ("AWS WAF before the load balancer: docs/security.md.", {"firewall": {"enabled": True}}),
        (
            "What bootstrap/ creates for the account. As long as it is missing, a preview says so.",
            {
                "log-bucket": "bootstrap",
                "log-key-arn": "bootstrap",
                "notifications": {"topic-arn": "bootstrap"},
                "flow-logs": "bucket",
            },
        ),
        ("", {"log-retention-days": 365, "dashboard": True}),
    ),
    "rehearsal": (
        ("Tasks of half a vCPU and 1 GB.", {"cpu": 512, "memory": 1024, "desired-count": 2}),
        (
            "What bootstrap/ creates for the account. As long as it is missing, a preview says so.",
            {"log-bucket": "bootstrap", "log-key-arn": "bootstrap"},
        ),
    ),
    "development": (
        ("Tasks have public addresses instead: a NAT gateway costs more than they do.", {"nat": "none"}),
        (
            "Spot is cheaper, and AWS may take a task back after two minutes' notice.",
            {"capacity-provider-strategy": [{"capacity-provider": "FARGATE_SPOT", "weight": 1}]},
        ),
        ("", {"container-insights": "disabled", "alarms": {"enabled": False}, "log-retention-days": 7}),
    ),
}
_EXCEPTIONS: Final[dict[Kind, dict[str, str]]] = {
    "production": {**_CACHE},
    "rehearsal": {
        **_CACHE,
        "ELB.6": "this stack is destroyed and created again",
        "EC2.6": "only the team sends requests to this stack",
    },
    "development": {
        "ECS.2": "no NAT gateway; tasks take connections from the load balancer alone",
        "ECS.12": "Container Insights costs more than the tasks",
        **_CACHE,
        "ELB.5": "only the team sends requests to this stack",
        "ELB.6": "this stack is destroyed and created again",
        "EC2.6": "only the team sends requests to this stack",
    },
}


@dataclass(frozen=True, kw_only=True)
class AppKeys:
    """What the keys of the app say."""

    path: str
    """Folder of the build, from the project's root."""
    dockerfile: str | None
    """From the project's root; None for the one in that folder."""
    port: int
    health_path: str | None
    """None if none was found: then the start page is requested."""
    has_health_command: bool = False
    """Whether it has the command of the container's health check that is the default."""
    writes_to: tuple[str, ...] = ()
    """Folders besides /tmp that it writes to."""
    public: tuple[tuple[str, str], ...] = ()
    """Variables for a stack that everybody reaches."""


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
                "It has no domain, so the load balancer serves plain HTTP at its own name. `domain` and "
                "`zone` give it a name, a certificate and HTTPS."
            )

    def _groups(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield keys with the comment above them."""
        yield from self._account()
        yield from self._app()
        if self.host:
            yield (
                "Host name, and the Route 53 hosted zone that holds it.",
                {"domain": self.host, "zone": self.zone},
            )
        yield from _SIZES[self.kind]
        yield (
            f"Controls that the stack does without; `python -m automation policies {self.stack}` checks all.",
            {"exceptions": _EXCEPTIONS[self.kind]},
        )

    def _account(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield "", {"aws:region": self.region}
        if self.profile:
            yield (
                "Every machine that deploys needs this profile in ~/.aws/config, a workflow's too.",
                {"profile": self.profile},
            )
        if self.role:
            yield "Assumed before anything is created.", {"assume-role-arn": self.role}

    def _app(self) -> Iterator[tuple[str, dict[str, Any]]]:
        app = self.app
        dockerfile = {"dockerfile": app.dockerfile} if app.dockerfile else {}
        yield (
            "The app: its folder, and the port it listens on, which it gets as PORT.",
            {"app-path": app.path, **dockerfile, "container-port": app.port},
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
        if app.public and self.kind == "production":
            yield (
                "The page names no tasks and addresses: docs/security.md#the-app.",
                {"environment": dict(app.public)},
            )
        if app.writes_to:
            folders = dict.fromkeys(("/tmp", *app.writes_to), 64)  # noqa: S108 -- the container's
            yield (
                "Folders in memory that the app writes to, in MiB; the rest is read-only.",
                {"tmpfs": folders},
            )
