"""Policy documents: who may take a role, and what it may do then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import pulumi

    from account.place import Place
    from account.settings import AccessSettings, StackSettings

Statement = dict[str, Any]

GITHUB: Final = "token.actions.githubusercontent.com"
LIVE: Final = "live-"
"""How tags begin that keep an image for ever."""

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html
_ATTACHED: Final = "policy/AmazonECSInfrastructureRolePolicyForLoadBalancers"
_ROLES_GO_TO: Final = ["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"]
_MAKE_THEIR_OWN_ROLE: Final = [
    "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
]
_GIVE_PERMISSIONS: Final = ("iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy")
_UNBIND: Final = "iam:DeleteRolePermissionsBoundary"
_NO_NARROWER_RESOURCE: Final = ("ssm:DescribeParameters",)
_PARAMETERS: Final = "parameter/*-migrations-*"
"""All that the program makes: others may hold secrets."""

# https://github.com/pulumi/pulumi/blob/master/pkg/backend/diy/store.go
_STATE_FOLDERS: Final = {"stacks": ".json*", "history": "/*", "backups": "/*", "locks/organization": "/*"}
"""What a stack has there, and how what is its own ends after its name."""
_STATE_READ: Final = ["s3:GetObject"]
_STATE_WRITE: Final = ["s3:PutObject", "s3:DeleteObject"]
_KEY_READ: Final = ["kms:Decrypt", "kms:DescribeKey"]
_KEY_WRITE: Final = ["kms:Encrypt", "kms:GenerateDataKey"]


def document(statements: Iterable[Statement]) -> dict[str, Any]:
    """Return a policy of statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(
    settings: AccessSettings, provider_arn: pulumi.Input[str], subjects: Sequence[str]
) -> dict[str, Any]:
    """Return who may take a role: jobs of the one repository, by the ends of their subjects.

    GitHub names a repository by its name alone, or by name and number if it was made since July 2026 or its
    owner chose so: https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
    """
    organization, _, name = settings.github_repository.partition("/")
    repositories = [
        f"{organization}/{name}",
        f"{organization}@{settings.github_organization_id}/{name}@{settings.github_repository_id}",
    ]
    return document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider_arn},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{GITHUB}:aud": "sts.amazonaws.com",
                        f"{GITHUB}:sub": [
                            f"repo:{repository}:{subject}"
                            for subject in subjects
                            for repository in repositories
                        ],
                    },
                },
            },
        ],
    )


def allowed(
    place: Place, actions: Collection[str], *, boundary: pulumi.Input[str] | None = None
) -> Iterator[Statement]:
    """Yield statements that allow actions, each on as little as its service can tell apart.

    Args:
        place: the account and region that they are allowed in.
        actions: what is allowed.
        boundary: the permissions boundary that roles must have to be given permissions, and cannot lose.
    """
    roles = place.iam_arn("role/*")
    must_be_bound: dict[str, Any] = (
        {"StringEquals": {"iam:PermissionsBoundary": boundary}} if boundary else {}
    )
    attached = f"arn:{place.partition}:iam::aws:{_ATTACHED}"
    yield from _statement(actions, "iam:PassRole", roles, StringEquals={"iam:PassedToService": _ROLES_GO_TO})
    yield from _statement(
        actions,
        "iam:CreateServiceLinkedRole",
        place.iam_arn("role/aws-service-role/*"),
        StringEquals={"iam:AWSServiceName": _MAKE_THEIR_OWN_ROLE},
    )
    yield from _statement(
        actions, "iam:AttachRolePolicy", roles, ArnEquals={"iam:PolicyARN": attached}, **must_be_bound
    )
    yield from _statement(actions, "iam:DetachRolePolicy", roles, ArnEquals={"iam:PolicyARN": attached})
    special = {"iam:PassRole", "iam:CreateServiceLinkedRole", "iam:AttachRolePolicy", "iam:DetachRolePolicy"}
    giving = sorted(set(actions).intersection(_GIVE_PERMISSIONS))
    rest = sorted(set(actions) - special - set(giving) - ({_UNBIND} if boundary else set()))
    if giving:
        yield _allow("MakeRoles", giving, roles, must_be_bound)
    if iam := [one for one in rest if one.startswith("iam:")]:
        yield _allow("Roles", iam, roles)
    if zones := [one for one in rest if one.startswith("route53:")]:
        yield _allow("Names", zones, "*")
    if ssm := [one for one in rest if one.startswith("ssm:") and one not in _NO_NARROWER_RESOURCE]:
        yield _allow("Parameters", ssm, place.arn("ssm", _PARAMETERS))
    taken = {*iam, *zones, *ssm}
    if regional := [one for one in rest if one not in taken]:
        here = {"StringEquals": {"aws:RequestedRegion": place.region}}
        yield _allow("Regional", regional, "*", here)


def state_of(
    place: Place, bucket: str, key_arn: pulumi.Input[str], writes: Sequence[str] = ()
) -> Iterator[Statement]:
    """Yield statements for the state of all the project's stacks, to read, and of some, to write.

    Args:
        place: has the project's name.
        bucket: where the state is.
        key_arn: encrypts it, and the secrets in it.
        writes: names or patterns of stacks.
    """
    objects = f"arn:{place.partition}:s3:::{bucket}"
    yield _allow("ListState", ["s3:ListBucket"], objects)
    yield _allow(
        "ReadState",
        _STATE_READ,
        [
            f"{objects}/.pulumi/meta.yaml",
            *(f"{objects}/.pulumi/{folder}/{place.project}/*" for folder in _STATE_FOLDERS),
        ],
    )
    yield _allow("ReadSecrets", _KEY_READ, key_arn)
    if writes:
        yield _allow(
            "WriteState",
            _STATE_WRITE,
            [
                f"{objects}/.pulumi/{folder}/{place.project}/{stack}{ending}"
                for stack in writes
                for folder, ending in _STATE_FOLDERS.items()
            ],
        )
        yield _allow("WriteSecrets", _KEY_WRITE, key_arn)


def not_of_other_stacks(place: Place, stack: StackSettings) -> Statement:
    """Return what keeps a role from things that carry the tags of another stack."""
    return {
        "Sid": "OtherStacks",
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {
            "StringEquals": {"aws:ResourceTag/Project": place.project},
            "StringNotLike": {"aws:ResourceTag/Stack": list(stack.patterns)},
            # A negated condition holds for a tag that is not there, and what is shared has none.
            "Null": {"aws:ResourceTag/Stack": "false"},
        },
    }


def boundary_of_deployments(
    place: Place,
    actions: Collection[str],
    *,
    bucket: str,
    key_arn: pulumi.Input[str],
    provider_arn: pulumi.Input[str],
    repository_arn: str | None,
) -> Iterator[Statement]:
    """Yield the most that any role made here may ever do, whatever is attached to it later."""
    services = sorted({action.partition(":")[0] for action in actions} - {"iam"})
    yield _allow("Services", [f"{service}:*" for service in services], "*")
    yield _allow("Iam", sorted(one for one in actions if one.startswith("iam:")), place.iam_arn("role/*"))
    objects = f"arn:{place.partition}:s3:::{bucket}"
    yield _allow("State", ["s3:ListBucket", *_STATE_READ, *_STATE_WRITE], [objects, f"{objects}/.pulumi/*"])
    yield _allow("Secrets", [*_KEY_READ, *_KEY_WRITE], key_arn)
    yield _deny(
        "WhatIsMadeHere",
        ["iam:*"],
        [
            place.iam_arn(f"role{place.iam_path}*"),
            place.iam_arn(f"policy{place.iam_path}*"),
            provider_arn,
        ],
    )
    # An implicit denial in a boundary does not hold against a role that trusts this one's session by name.
    yield _deny("OtherRoles", ["sts:AssumeRole"], "*")
    if repository_arn is not None:
        yield _deny(
            "SharedImages",
            [
                "ecr:BatchDeleteImage",
                "ecr:DeleteLifecyclePolicy",
                "ecr:DeleteRepository",
                "ecr:PutImageTagMutability",
                "ecr:PutLifecyclePolicy",
                "ecr:SetRepositoryPolicy",
            ],
            repository_arn,
        )


def boundary_of_tasks(place: Place, bucket: str, key_arn: pulumi.Input[str]) -> Iterator[Statement]:
    """Yield the most that a role made by a stack may do: nothing that would make it more."""
    objects = f"arn:{place.partition}:s3:::{bucket}"
    yield _allow("Anything", ["*"], "*")
    yield _deny("Accounts", ["account:*", "iam:*", "organizations:*"], "*")
    yield _deny("State", ["s3:*"], [objects, f"{objects}/*"])
    yield _deny("Secrets", ["kms:*"], key_arn)


def bucket_policy(place: Place, bucket: str, trusted_accounts: Sequence[str]) -> dict[str, Any]:
    """Return what holds for the state bucket: TLS, and other accounts' roles of the same project."""
    objects = f"arn:{place.partition}:s3:::{bucket}"
    everything = [objects, f"{objects}/*"]
    statements: list[Statement] = [
        {
            **_deny("TlsOnly", ["s3:*"], everything),
            "Principal": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            **_deny("ModernTlsOnly", ["s3:*"], everything),
            "Principal": "*",
            "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
        },
    ]
    if trusted_accounts:
        trusted = _trusted(place, trusted_accounts)
        reaches = f"{objects}/.pulumi/*"
        statements += [
            {**_allow("ListFromOtherAccounts", ["s3:ListBucket"], objects), **trusted},
            {**_allow("UseFromOtherAccounts", [*_STATE_READ, *_STATE_WRITE], reaches), **trusted},
        ]
    return document(statements)


def key_policy(place: Place, trusted_accounts: Sequence[str]) -> dict[str, Any]:
    """Return who may use the key: this account, by what IAM says, and other accounts' roles."""
    statements: list[Statement] = [
        # Without it nobody could ever change the key again.
        {**_allow("Account", ["kms:*"], "*"), "Principal": {"AWS": place.iam_arn("root")}},
    ]
    if trusted_accounts:
        use = _allow("UseFromOtherAccounts", [*_KEY_READ, *_KEY_WRITE], "*")
        statements.append({**use, **_trusted(place, trusted_accounts)})
    return document(statements)


def replication_policy(place: Place, source: str, repository: str) -> dict[str, Any]:
    """Return what lets another account copy its images here."""
    return document(
        [
            {
                **_allow("Copy", ["ecr:ReplicateImage"], place.arn("ecr", f"repository/{repository}")),
                "Principal": {"AWS": f"arn:{place.partition}:iam::{source}:root"},
            },
        ],
    )


def _trusted(place: Place, accounts: Sequence[str]) -> dict[str, Any]:
    # By account and condition: AWS refuses a policy that names a role before the role exists.
    return {
        "Principal": {"AWS": [f"arn:{place.partition}:iam::{account}:root" for account in accounts]},
        "Condition": {
            "ArnLike": {
                "aws:PrincipalArn": [
                    f"arn:{place.partition}:iam::{account}:role{place.iam_path}*" for account in accounts
                ],
            },
        },
    }


def _statement(actions: Collection[str], action: str, resource: str, **condition: Any) -> Iterator[Statement]:
    if action in actions:
        yield _allow(action.partition(":")[2], [action], resource, condition)


def _allow(
    sid: str, actions: Sequence[str], resource: Any, condition: dict[str, Any] | None = None
) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def _deny(sid: str, actions: Sequence[str], resource: Any) -> Statement:
    return {"Sid": sid, "Effect": "Deny", "Action": actions, "Resource": resource}
