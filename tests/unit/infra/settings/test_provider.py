"""Rules for the account, the region and the tags."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.infra.settings_fixtures import PROJECT, refuses, settings_of


def test_the_stack_s_tags_follow_the_fixed_ones() -> None:
    assert settings_of({"tags": {"Team": "shop", "CostCenter": 4711}}, stack="prod").provider.tags == {
        "Project": PROJECT,
        "Stack": "prod",
        "ManagedBy": "pulumi",
        "Team": "shop",
        "CostCenter": "4711",
    }


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"aws:region": "us-east"}, "aws:region … an AWS region such as us-east-1"),
        ({"aws:region": "us-east-1a"}, "aws:region … an AWS region"),
        ({"profile": "two words"}, "profile … no spaces"),
        ({"permissions-boundary": "b"}, "permissions-boundary … the ARN of an IAM policy"),
        (
            {"permissions-boundary": "arn:aws:iam::123456789012:role/x"},
            "permissions-boundary … the ARN of an IAM policy",
        ),
        ({"assume-role-arn": "deploy"}, "assume-role-arn … the ARN of an IAM role"),
        (
            {"assume-role-arn": "arn:aws:iam::123456789012:user/x"},
            "assume-role-arn … arn:aws:iam::123456789012:role/deploy",
        ),
        ({"tags": {"aws:x": "1"}}, "tags.aws:x: … the name must be 1 to 128 letters, digits, spaces and _ ."),
        ({"tags": {"AWS:x": "1"}}, "tags.AWS:x: … not begin with aws:"),
        ({"tags": {"k" * 129: "1"}}, f"tags.{'k' * 129}: … 1 to 128 letters"),
        ({"tags": {"Motto": "a;b"}}, "tags.Motto … letters, digits, spaces"),
        ({"tags": {"Motto": "v" * 257}}, 'tags.Motto = "vvv … at most 256'),
        ({"tags": {"Stack": "x"}}, "tags.Stack … Stack is set by the program"),
        ({"tags": {"project": "x"}}, "tags.project … IAM ignores case"),
        ({"tags": {"Owner": "a", "owner": "b"}}, "tags.owner … Owner is there already"),
        ({"tags": {f"t{n}": "x" for n in range(46)}}, 'tags = "46 items": … at most 45'),
    ],
)
def test_invalid_providers_and_tags_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


def test_tags_up_to_aws_limit_are_accepted() -> None:
    assert len(settings_of({"tags": {f"t{n}": "v" * 256 for n in range(45)}}).provider.tags) == 48


def test_keys_of_other_namespaces_are_ignored() -> None:
    assert settings_of({"pulumi:disable-default-providers": '["aws"]', "other:key": "x"}) == settings_of({})
