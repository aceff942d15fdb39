"""The state: private, and with earlier versions."""

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


def test_bucket_and_key_have_predictable_names(graph: Graph) -> None:
    assert graph.one(f"{S3}:Bucket", "state").inputs["bucket"] == BUCKET
    assert graph.one("aws:kms/alias:Alias", "state").inputs["name"] == "alias/node-on-ecs"
    assert graph.exports["backend_url"] == f"s3://{BUCKET}?region={REGION}"
    assert graph.exports["secrets_provider"] == f"awskms://alias/node-on-ecs?region={REGION}"


def test_some_earlier_versions_never_expire(graph: Graph) -> None:
    versioning = graph.one(f"{S3}Versioning:BucketVersioning", "state").inputs
    (rule,) = graph.one(f"{S3}LifecycleConfiguration:BucketLifecycleConfiguration", "state").inputs["rules"]

    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 90, "newerNoncurrentVersions": 10}
    # Current versions never expire.
    assert rule["expiration"] == {"expiredObjectDeleteMarker": True}


def test_bucket_is_private_encrypted_and_protected(graph: Graph) -> None:
    block = graph.one(f"{S3}PublicAccessBlock:BucketPublicAccessBlock", "state").inputs
    owner = graph.one(f"{S3}OwnershipControls:BucketOwnershipControls", "state").inputs
    token = f"{S3}ServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = graph.one(token, "state").inputs["rules"]

    assert {key for key, value in block.items() if value is True} == {
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    }
    assert owner["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}
    assert rule["bucketKeyEnabled"] is True
    assert graph.one(f"{S3}:Bucket", "state").protect


def test_bucket_requires_tls(graph: Graph) -> None:
    policy = statements(graph.one(POLICY, "state").inputs["policy"])

    assert {sid: statement["Condition"] for sid, statement in policy.items()} == {
        "TlsOnly": {"Bool": {"aws:SecureTransport": "false"}},
        "ModernTlsOnly": {"NumericLessThan": {"s3:TlsVersion": 1.2}},
    }
    for statement in policy.values():
        assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", ["s3:*"])
        assert statement["Resource"] == [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]


def test_key_is_rotated_protected_and_for_its_account_only(graph: Graph) -> None:
    key = graph.one("aws:kms/key:Key", "state")
    policy = statements(key.inputs["policy"])

    assert key.inputs["enableKeyRotation"] is True
    assert key.inputs["deletionWindowInDays"] == 30
    assert key.protect
    assert policy.keys() == {"Account"}
    assert policy["Account"]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def test_trusted_account_uses_bucket_and_key_by_roles_of_the_project_only(
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


def test_state_of_another_account_can_be_used(declare_account: DeclareAccount) -> None:
    key = f"arn:aws:kms:eu-west-1:{OTHER}:key/1234"

    graph = declare_account({"state-bucket": "other-state", "state-key-arn": key})

    assert [
        r for r in graph.resources if r.name == "state" and r.type.startswith(("aws:s3", "aws:kms"))
    ] == []
    assert graph.exports["backend_url"] == "s3://other-state?region=eu-west-1"
    assert graph.exports["secrets_provider"] == f"awskms:///{key}?region=eu-west-1"


def test_prod_s_own_account_is_not_accessible_to_other_accounts(declare_account: DeclareAccount) -> None:
    """With bootstrap in both accounts: docs/bootstrap.md#prods-state-in-its-own-account."""
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
        assert not [action for action in ("s3:GetObject", "s3:PutObject") if role.may(action, state)]
        assert not [action for action in ("kms:Decrypt", "kms:Encrypt") if role.may(action, key)]
    # Roles of another account would also need the permission of bucket and key.
    assert {statement["Effect"] for statement in policy.values()} == {"Deny"}
    assert [statement["Principal"] for statement in key_policy.values()] == [
        {"AWS": f"arn:aws:iam::{OTHER}:root"}
    ]


def test_roles_in_prod_s_own_account_use_its_state(declare_account: DeclareAccount) -> None:
    graph = declare_account({"stacks": [{"name": "prod"}]})
    role = role_of(graph, "deploy-prod")
    state = f"arn:aws:s3:::{graph.exports['state_bucket']}/.pulumi/stacks/node-on-ecs"

    assert role.may("s3:PutObject", f"{state}/prod.json")
    assert not role.may("s3:PutObject", f"{state}/dev.json")
    assert role.may("kms:Decrypt", graph.exports["state_key_arn"])
    # The first account's policies allow it, where `trusted-accounts` has its images copied here.
    assert not role.may("s3:GetObject", f"arn:aws:s3:::node-on-ecs-state-{OTHER}-{REGION}/.pulumi/stacks/dev")
    assert not role.may("kms:Decrypt", f"arn:aws:kms:{REGION}:{OTHER}:key/of-state")
