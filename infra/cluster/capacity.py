"""Capacity beside Fargate; each kind has its own component."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from infra.cluster.ec2_instances import Ec2Instances, Ec2InstancesArgs
from infra.cluster.external_machines import ExternalMachines, ExternalMachinesArgs
from infra.cluster.managed_instances import ManagedInstances, ManagedInstancesArgs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.cluster.place import Place
    from infra.settings import Capacity


class ClusterCapacity:
    """The capacity of a cluster, by the names of the settings."""

    provider_names: Mapping[str, pulumi.Output[str]]
    """How a strategy names each; external machines have no provider."""
    registration_command: pulumi.Output[str] | None
    """By which machines outside AWS join the cluster; None without such capacity."""

    def __init__(
        self,
        capacity: Mapping[str, Capacity],
        place: Place | None,
        cluster_name: pulumi.Input[str],
        *,
        prefix: str,
        parent: pulumi.Resource,
    ) -> None:
        """Declare it below the cluster's component.

        Args:
            capacity: by name.
            place: where instances are; needed only for capacity.
            cluster_name: which cluster they join.
            prefix: what the logical names of all begin with.
            parent: the cluster's component.
        """
        names: dict[str, pulumi.Output[str]] = {}
        self.registration_command = None
        for name, settings in sorted(capacity.items()):
            if place is None:
                raise ValueError(f"the capacity {name} needs a place, got None")
            logical, options = f"{prefix}-{name}", pulumi.ResourceOptions(parent=parent)
            match settings.type:
                case "ec2":
                    ec2 = Ec2InstancesArgs(settings=settings, cluster_name=cluster_name, place=place)
                    names[name] = Ec2Instances(logical, ec2, opts=options).provider_name
                case "managed-instances":
                    own = ManagedInstancesArgs(settings=settings, cluster_name=cluster_name, place=place)
                    names[name] = ManagedInstances(logical, own, opts=options).provider_name
                case "external":
                    external = ExternalMachinesArgs(settings=settings, cluster_name=cluster_name, place=place)
                    machines = ExternalMachines(logical, external, opts=options)
                    self.registration_command = machines.registration_command
        self.provider_names = names
