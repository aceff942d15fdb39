"""What `pulumi up` runs: settings, one environment or what attaches to one, its outputs."""

from __future__ import annotations

import pulumi

from infra.account import aws_provider
from infra.environment.attached import AttachedService
from infra.environment.environment import Environment
from infra.environment.services import EnvironmentArgs
from infra.settings import Settings

settings = Settings.load()
component, logical_name = (
    (Environment, "environment") if settings.attach is None else (AttachedService, "attached")
)
made = component(
    logical_name,
    EnvironmentArgs(
        settings=settings,
        organization=pulumi.get_organization(),
        project=pulumi.get_project(),
    ),
    opts=pulumi.ResourceOptions(providers=[aws_provider(settings.provider)]),
)
for name, value in made.outputs.items():
    pulumi.export(name, value)
