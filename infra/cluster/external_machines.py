"""Machines outside AWS (ECS Anywhere): their role, and the registration command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from infra.account import allow, grant
from infra.cluster.instance_role import agent_statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.account import Account, Statement
    from infra.cluster.place import Place
    from infra.settings import ExternalCapacity

_SCRIPT: Final = "https://amazon-ecs-agent.s3.amazonaws.com/ecs-anywhere-install-latest.sh"


@dataclass(frozen=True, kw_only=True)
class ExternalMachinesArgs:
    """What :class:`ExternalMachines` need to know."""

    settings: ExternalCapacity
    cluster_name: pulumi.Input[str]
    place: Place


class ExternalMachines(pulumi.ComponentResource):
    """What lets machines outside AWS join a cluster, for as many machines and as long as the settings say."""

    registration_command: pulumi.Output[str]
    """To be run as root on each machine; secret, for whoever has it gets the cluster's tasks."""

    def __init__(
        self, name: str, args: ExternalMachinesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("node-on-ecs:infra:ExternalMachines", name, None, opts)
        settings, account = args.settings, args.place.account

        role = account.make_role(
            f"{name}-machine",
            description="SSM and the ECS agent on machines outside AWS",
            service="ssm.amazonaws.com",
            condition={"StringEquals": {"aws:SourceAccount": account.id}},
            parent=self,
        )
        statements = [*agent_statements(account, args.cluster_name), *_management_statements()]
        policy = grant(f"{name}-machine", role, statements, parent=self)
        activation = aws.ssm.Activation(
            name,
            description="Registers machines outside AWS with an ECS cluster",
            # By name with its path, but no slash before it: https://github.com/aws/aws-cli/issues/4232
            iam_role=_with_path(account, role),
            registration_limit=settings.machines,
            expiration_date=settings.expires,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[policy],
                # Machines that are registered refer to it by nothing: a new one takes the old one's place.
                additional_secret_outputs=["activationCode"],
                hooks=args.place.hooks,
            ),
        )

        self.registration_command = pulumi.Output.secret(
            pulumi.Output.format(
                "curl --proto '=https' -fsSLo /tmp/ecs-anywhere-install.sh {} && "
                "sudo bash /tmp/ecs-anywhere-install.sh --region {} --cluster {} "
                "--activation-id {} --activation-code {}",
                _SCRIPT,
                account.region,
                args.cluster_name,
                activation.id,
                activation.activation_code,
            )
        )
        self.register_outputs({"registration_command": self.registration_command})


def _with_path(account: Account, role: aws.iam.Role) -> pulumi.Output[str]:
    return pulumi.Output.concat(account.role_path.removeprefix("/"), role.name)


def _management_statements() -> Iterator[Statement]:
    """Yield what Systems Manager's agent needs to keep a machine's credentials fresh, and no more of it.

    AmazonSSMManagedInstanceCore also reads every parameter of the account:
    https://docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-multicloud-service-role.html
    """
    yield allow(
        "Manage",
        [
            *("ssm:UpdateInstanceInformation", "ssm:UpdateInstanceAssociationStatus"),
            *("ssm:ListInstanceAssociations", "ssm:ListAssociations", "ssm:DescribeAssociation"),
            *("ssm:GetDocument", "ssm:DescribeDocument", "ssm:GetManifest", "ssm:PutInventory"),
            *("ssm:PutComplianceItems", "ssm:PutConfigurePackageResult", "ssm:UpdateAssociationStatus"),
            *("ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel"),
            *("ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"),
            *("ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage"),
            *("ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply"),
        ],
        "*",
    )
