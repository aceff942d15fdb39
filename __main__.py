"""What `pulumi up` runs: settings, one environment, its outputs."""

from __future__ import annotations

import pulumi

from infra.environment import Environment, EnvironmentArgs
from infra.provider import aws_provider
from infra.settings import Settings

settings = Settings.load()
environment = Environment(
    "environment",
    EnvironmentArgs(
        settings=settings,
        organization=pulumi.get_organization(),
        project=pulumi.get_project(),
    ),
    opts=pulumi.ResourceOptions(providers=[aws_provider(settings.provider)]),
)
for name, value in environment.outputs.items():
    pulumi.export(name, value)
