"""Where the state is: nobody else reads it, and nobody loses it."""

from __future__ import annotations

from unittest.mock import patch

from tests.unit.bootstrap.conftest import (
    BUCKET,
    KEY,
    REPOSITORY,
    DeclareAccount,
    declared_account,
    role_of,
    statements,
)
from tests.unit.infra.fake_cloud import ACCOUNT, REGION
from tests.unit.infra.recorder import Graph

S3 = "aws:s3/bucket"
POLICY = f"{S3}Policy:BucketPolicy"
OTHER = "222222222222"


def test_the_bucket_has_a_name_that_people_can_write(graph: Graph) -> None:
    assert graph.one(f"{S3}:Bucket", "state").inputs["bucket"] == BUCKET
    assert graph.exports["backend_url"] == f"s3://{BUCKET}?region={REGION}"
    assert graph.exports["secrets_provider"] == f"awskms://alias/node-on-ecs?region={REGION}"


def test_the_bucket_keeps_earlier_versions(graph: Graph) -> None:
    assert graph.one(f"{S3}Versioning:BucketVersioning", "state").inputs["versioningConfiguration"] == {
        "status": "Enabled"
    }


def test_earlier_versions_go_after_a_while_but_never_all(graph: Graph) -> None:
    (rule,) = graph.one(f"{S3}LifecycleConfiguration:BucketLifecycleConfiguration", "state").inputs["rules"]

    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 90, "newerNoncurrentVersions": 10}
    # The state itself never.
    assert rule["expiration"] == {"expiredObjectDeleteMarker": True}


def test_nothing_of_it_can_be_made_public(graph: Graph) -> None:
    block = graph.one(f"{S3}PublicAccessBlock:BucketPublicAccessBlock", "state").inputs
    owner = graph.one(f"{S3}OwnershipControls:BucketOwnershipControls", "state").inputs

    assert {key for key, value in block.items() if value is True} == {
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    }
    assert owner["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_it_is_encrypted_by_the_key(graph: Graph) -> None:
    token = f"{S3}ServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = graph.one(token, "state").inputs["rules"]

    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}
    assert rule["bucketKeyEnabled"] is True


def test_it_speaks_tls_only(graph: Graph) -> None:
    policy = statements(graph.one(POLICY, "state").inputs["policy"])
    everything = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]

    assert policy == {
        "TlsOnly": {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:*"],
            "Resource": everything,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        "ModernTlsOnly": {
            "Sid": "ModernTlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:*"],
            "Resource": everything,
            "Condition": {"NumericLessThan": {"s3:TlsVersion": 1.2}},
        },
    }


def test_the_key_turns_and_has_a_name(graph: Graph) -> None:
    key = graph.one("aws:kms/key:Key", "state").inputs

    assert key["enableKeyRotation"] is True
    assert key["deletionWindowInDays"] == 30
    assert graph.one("aws:kms/alias:Alias", "state").inputs["name"] == "alias/node-on-ecs"


def test_the_key_is_its_accounts_alone(graph: Graph) -> None:
    policy = statements(graph.one("aws:kms/key:Key", "state").inputs["policy"])

    assert policy.keys() == {"Account"}
    assert policy["Account"]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def test_neither_bucket_nor_key_is_deleted_by_mistake(graph: Graph) -> None:
    assert graph.one(f"{S3}:Bucket", "state").protect
    assert graph.one("aws:kms/key:Key", "state").protect


def test_another_account_uses_bucket_and_key_by_the_projects_roles_alone(
    declare_account: DeclareAccount,
) -> None:
    graph = declare_account({"trusted-accounts": [OTHER]})
    bucket = statements(graph.one(POLICY, "state").inputs["policy"])
    use = [
        bucket["ListFromOtherAccounts"],
        bucket["UseFromOtherAccounts"],
        statements(graph.one("aws:kms/key:Key", "state").inputs["policy"])["UseFromOtherAccounts"],
    ]

    for statement in use:
        assert statement["Principal"] == {"AWS": [f"arn:aws:iam::{OTHER}:root"]}
        assert statement["Condition"] == {
            "ArnLike": {"aws:PrincipalArn": [f"arn:aws:iam::{OTHER}:role/node-on-ecs/*"]}
        }
    assert [statement["Action"] for statement in use] == [
        ["s3:ListBucket"],
        ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
    ]


def test_an_account_can_use_the_state_of_another_one(declare_account: DeclareAccount) -> None:
    key = f"arn:aws:kms:eu-west-1:{OTHER}:key/1234"

    graph = declare_account({"state-bucket": "other-state", "state-key-arn": key})

    assert [
        r for r in graph.resources if r.name == "state" and r.type.startswith(("aws:s3", "aws:kms"))
    ] == []
    assert graph.exports["backend_url"] == "s3://other-state?region=eu-west-1"
    assert graph.exports["secrets_provider"] == f"awskms:///{key}?region=eu-west-1"


def test_with_a_state_of_its_own_prod_is_out_of_reach_of_the_other_account(
    declare_account: DeclareAccount,
) -> None:
    """Bootstrap run in both, neither trusting the other: docs/bootstrap.md#prods-state-in-its-own-account."""
    stacks = [{"name": "dev"}, {"name": "staging"}]
    first = declare_account({"stacks": stacks, "read-only-subjects": ["pull_request"]})
    with patch("tests.unit.infra.fake_cloud.ACCOUNT", OTHER):
        second = declared_account({**REPOSITORY, "stacks": [{"name": "prod"}]})
    bucket = second.exports["state_bucket"]
    state = f"arn:aws:s3:::{bucket}/.pulumi/stacks/node-on-ecs/prod.json"
    key = f"arn:aws:kms:{REGION}:{OTHER}:key/of-state"
    policy = statements(second.one(POLICY, "state").inputs["policy"])
    key_policy = statements(second.one("aws:kms/key:Key", "state").inputs["policy"])

    assert bucket == f"node-on-ecs-state-{OTHER}-{REGION}"
    assert second.exports["backend_url"] == f"s3://{bucket}?region={REGION}"
    assert second.exports["secrets_provider"] == f"awskms://alias/node-on-ecs?region={REGION}"
    for name in ("deploy-dev", "deploy-staging", "preview"):
        role = role_of(first, name)
        assert not [one for one in ("s3:GetObject", "s3:PutObject") if role.may(one, state)]
        assert not [one for one in ("kms:Decrypt", "kms:Encrypt") if role.may(one, key)]
    # A role of another account needs both: its own policies, and those of bucket and key.
    assert [sid for sid, one in policy.items() if one["Effect"] == "Allow"] == []
    assert [one["Principal"] for one in key_policy.values()] == [{"AWS": f"arn:aws:iam::{OTHER}:root"}]


def test_roles_in_prod_s_own_account_use_its_state(declare_account: DeclareAccount) -> None:
    graph = declare_account({"stacks": [{"name": "prod"}]})
    role = role_of(graph, "deploy-prod")
    state = f"arn:aws:s3:::{graph.exports['state_bucket']}/.pulumi/stacks/node-on-ecs"

    assert role.may("s3:PutObject", f"{state}/prod.json")
    assert not role.may("s3:PutObject", f"{state}/dev.json")
    assert role.may("kms:Decrypt", graph.exports["state_key_arn"])
