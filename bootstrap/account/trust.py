"""Trust policies of roles, for jobs of one repository on GitHub by the claims of their tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from account.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi

    from account.settings import Settings

GITHUB: Final = "token.actions.githubusercontent.com"
AUDIENCE: Final = "sts.amazonaws.com"


def trust_statements(
    settings: Settings, provider_arn: pulumi.Input[str], subjects: Sequence[str], *, branch: str | None = None
) -> list[Statement]:
    """Return the trust policy of a role.

    Tokens have the repository's name, or name and number if it was created since July 2026 or its owner
    opted in:
    https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
    The number is always compared, as a deleted repository's name can be reused.

    Args:
        settings: name and numbers of the repository.
        provider_arn: GitHub's OIDC provider in this account.
        subjects: ends of the jobs' subjects.
        branch: the jobs' branch; None for any. The subject of a job with an environment has no branch, but
            the token's claim `ref` has it. AWS supports that claim since January 2026:
            https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    """
    organization, _, name = settings.github_repository.partition("/")
    repositories = [
        f"{organization}/{name}",
        f"{organization}@{settings.github_organization_id}/{name}@{settings.github_repository_id}",
    ]
    claims: dict[str, Any] = {
        f"{GITHUB}:aud": AUDIENCE,
        f"{GITHUB}:repository_id": str(settings.github_repository_id),
        f"{GITHUB}:sub": [
            f"repo:{repository}:{subject}" for subject in subjects for repository in repositories
        ],
    }
    if branch is not None:
        claims[f"{GITHUB}:ref"] = f"refs/heads/{branch}"
    return [
        {
            "Effect": "Allow",
            "Principal": {"Federated": provider_arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": claims},
        }
    ]
