"""The Pulumi program: settings, then a whole environment or an attached stack, then outputs."""

from __future__ import annotations

import pulumi

from infra.account import aws_provider
from infra.environment.args import EnvironmentArgs
from infra.environment.attached import AttachedService
from infra.environment.environment import Environment
from infra.settings import load

settings = load()
args = EnvironmentArgs(
    settings=settings,
    organization=pulumi.get_organization(),
    project=pulumi.get_project(),
)
opts = pulumi.ResourceOptions(providers=[aws_provider(settings.provider)])
stack = (
    Environment("environment", args, opts)
    if settings.attach is None
    else AttachedService("attached", args, opts)
)
for name, value in stack.outputs.items():
    pulumi.export(name, value)
