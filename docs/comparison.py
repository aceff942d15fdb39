# ruff: noqa: INP001 - a folder of documents, not a package
"""Writes the figures of docs/comparison.md: `python -m docs.comparison`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from automation.cost.assumptions import Assumptions
from automation.cost.estimate import estimate
from automation.cost.plan import plan
from automation.cost.prices import TablePrices

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENT: Final = ROOT / "docs" / "comparison.md"
BEGIN: Final = "<!-- figures -->"
END: Final = "<!-- end of figures -->"
REGION: Final = "us-east-1"
HOURS: Final = 730
TERRAFORM_LINES: Final = 330
"""Of terraform-aws-ecs 7.5.0, examples/fargate/main.tf, counted as `lines` does."""
_SERVICE: Final = "aws:ecs/service:Service"


def lines(*names: str) -> int:
    """Return how many lines of files are neither empty nor comments."""
    text = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)
    return sum(1 for line in text.splitlines() if line.strip() and not re.match(r"\s*(#|//)", line))


def figures() -> str:
    """Return the tables."""
    stacks = lines("Pulumi.dev.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml")
    balancer = _month("alb-hour") + 2 * _month("public-ipv4")
    small = _fargate(vcpus=0.25, gigabytes=0.5)
    address = _month("public-ipv4")
    ours = dev_alone()
    rows = [
        ("this project, dev without its copies (Spot, ARM)", ours, 3 * ours),
        ("this project, the same on demand and x86", balancer + small + address,
         3 * (balancer + small + address)),
        ("Express Mode, the same size (on demand, x86)", balancer + small + address,
         balancer + 3 * (small + address)),
        ("Express Mode, its default of 1 vCPU and 2 GB", balancer + _fargate(vcpus=1, gigabytes=2) + address,
         balancer + 3 * (_fargate(vcpus=1, gigabytes=2) + address)),
        ("CDK's `ApplicationLoadBalancedFargateService` with its own VPC: NAT gateways in two zones",
         balancer + small + 2 * (_month("nat-hour") + address),
         3 * (balancer + small + 2 * (_month("nat-hour") + address))),
    ]  # fmt: skip
    stack = plan("dev")
    declared = sum(1 for one in stack.resources if one.type.startswith("aws:"))
    costs = "\n".join(f"| {name} | ${one:.2f} | ${three:.2f} |" for name, one, three in rows)
    return f"""| Configuration | Lines |
|---|---:|
| this project: dev, staging and prod | {stacks} |
| AWS CDK: one environment | {lines("bench/cdk/app.js")} |
| terraform-aws-ecs: one environment | {TERRAFORM_LINES} |

dev with its two copies is {declared} AWS resources.

| Dollars a month | One environment | Three |
|---|---:|---:|
{costs}"""


def dev_alone() -> float:
    """Return what dev costs a month without its copies, requests and logs."""
    stack = plan("dev")
    alone = tuple(one for one in stack.resources if one.type != _SERVICE or one.name == "web")
    nothing = replace(Assumptions(), requests=0, logs_gb=0, image_gb=0)
    return estimate(replace(stack, resources=alone), TablePrices(REGION), nothing).usd


def with_figures(document: str) -> str:
    """Return the document with today's figures."""
    head, _, rest = document.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{figures()}\n{END}{tail}"


def _month(key: str) -> float:
    return HOURS * TablePrices(REGION).price(key).usd


def _fargate(*, vcpus: float, gigabytes: float) -> float:
    return vcpus * _month("fargate-x86_64-vcpu") + gigabytes * _month("fargate-x86_64-memory")


if __name__ == "__main__":
    DOCUMENT.write_text(with_figures(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
