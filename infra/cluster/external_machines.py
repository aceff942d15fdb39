"""Machines outside AWS (ECS Anywhere): their role and the command that registers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_aws as aws

from infra.account import Statement, allow, grant
from infra.cluster.agent_role import agent_statements

if TYPE_CHECKING:
    from infra.cluster.capacity import InstanceArgs
    from infra.settings import ExternalCapacity

_INSTALL_SCRIPT: Final = "https://amazon-ecs-agent.s3.amazonaws.com/ecs-anywhere-install-latest.sh"
# The permissions by which Systems Manager's agent renews a machine's credentials, and no more.
# AmazonSSMManagedInstanceCore also reads every parameter of the account:
# https://docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-multicloud-service-role.html
_MANAGE: Final[Statement] = allow(
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


class ExternalMachines(pulumi.ComponentResource):
    """An activation by which machines outside AWS join a cluster, limited in their number and in time."""

    registration_command: pulumi.Output[str]
    """Run as root on each machine. Secret: a machine that registers receives the cluster's tasks."""

    def __init__(
        self,
        name: str,
        settings: ExternalCapacity,
        cluster_name: pulumi.Input[str],
        args: InstanceArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("node-on-ecs:infra:ExternalMachines", name, None, opts)
        account = args.account

        role = account.make_role(
            f"{name}-machine",
            description="SSM and the ECS agent on machines outside AWS",
            service="ssm.amazonaws.com",
            condition={"StringEquals": {"aws:SourceAccount": account.id}},
            parent=self,
        )
        statements = [*agent_statements(account, cluster_name), _MANAGE]
        policy = grant(f"{name}-machine", role, statements, parent=self)
        activation = aws.ssm.Activation(
            name,
            description="Registers machines outside AWS with an ECS cluster",
            # SSM wants the role's path, without the leading slash: https://github.com/aws/aws-cli/issues/4232
            iam_role=pulumi.Output.concat(account.role_path.removeprefix("/"), role.name),
            registration_limit=settings.machines,
            expiration_date=settings.expires,
            # Registered machines do not refer to the activation, so it can be replaced.
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[policy],
                additional_secret_outputs=["activationCode"],
                hooks=args.hooks,
            ),
        )

        self.registration_command = pulumi.Output.secret(
            pulumi.Output.format(
                "curl --proto '=https' -fsSLo /tmp/ecs-anywhere-install.sh {} && "
                "sudo bash /tmp/ecs-anywhere-install.sh --region {} --cluster {} "
                "--activation-id {} --activation-code {}",
                _INSTALL_SCRIPT,
                account.region,
                cluster_name,
                activation.id,
                activation.activation_code,
            )
        )
        self.register_outputs({"registration_command": self.registration_command})
