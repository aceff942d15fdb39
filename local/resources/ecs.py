"""ECS clusters and the capacity that they may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.resources import tags as tagging
from local.resources.aws_calls import code_of, explained, tolerating
from local.resources.base import Handler, Properties
from local.resources.shape import as_asked, strategy

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_MISSING = "ClusterNotFoundException"
_CLUSTER_SOURCE = "hashicorp/aws internal/service/ecs/cluster.go: ForceNew"
_CAPACITY_SOURCE = "hashicorp/aws internal/service/ecs/cluster_capacity_providers.go: ForceNew"


def describe_cluster(cloud: Cloud, cluster: str) -> Properties | None:
    """Return an active cluster with tags, settings and configuration, or None."""
    with explained(f"read ECS cluster {cluster!r}"):
        try:
            found = cloud.client("ecs").describe_clusters(
                clusters=[cluster], include=["TAGS", "SETTINGS", "CONFIGURATIONS"]
            )["clusters"]
        except ClientError as error:
            if code_of(error) == _MISSING:
                return None
            raise
    return next((cluster for cluster in found if cluster.get("status") == "ACTIVE"), None)


class Cluster(Handler):
    """A cluster; its id is its ARN."""

    token = "aws:ecs/cluster:Cluster"
    force_new = dict.fromkeys(("name", "region"), _CLUSTER_SOURCE)
    in_place = frozenset({"configuration", "serviceConnectDefaults", "settings", "tags"})
    name_property = "name"
    tagged = True

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By tag: the name may have a random end."""
        del inputs
        with explained("look for an ECS cluster of an interrupted run"):
            pages = cloud.client("ecs").get_paginator("list_clusters").paginate()
            arns = [str(arn) for page in pages for arn in page["clusterArns"]]
        for arn in arns:
            if cloud.is_known(self.token, arn):
                continue
            cluster = describe_cluster(cloud, arn)
            if cluster is not None and tagging.carries(tagging.from_pairs(cluster.get("tags")), urn):
                return arn
        return None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Create the cluster."""
        arguments: dict[str, Any] = {
            "clusterName": inputs["name"],
            "tags": tagging.pairs(tagging.with_urn(inputs.get("tags"), urn), lower=True),
        }
        for key in ("configuration", "serviceConnectDefaults", "settings"):
            if inputs.get(key):
                arguments[key] = inputs[key]
        with explained(f"create ECS cluster {inputs['name']!r}"):
            return str(cloud.client("ecs").create_cluster(**arguments)["cluster"]["clusterArn"])

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the cluster, or None."""
        cluster = describe_cluster(cloud, id)
        if cluster is None:
            return None
        tags = tagging.visible(tagging.from_pairs(cluster.get("tags")))
        return {
            "arn": cluster["clusterArn"],
            "configuration": as_asked(inputs.get("configuration"), cluster.get("configuration")),
            "name": cluster["clusterName"],
            "region": cloud.region,
            # The emulator takes them and never tells.
            "serviceConnectDefaults": inputs.get("serviceConnectDefaults"),
            "settings": as_asked(inputs.get("settings"), cluster.get("settings")),
            "tags": tags,
            "tagsAll": tags,
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change settings, configuration and tags."""
        ecs = cloud.client("ecs")
        arguments = {
            key: new[key]
            for key in ("configuration", "serviceConnectDefaults", "settings")
            if key in changed and new.get(key)
        }
        if "settings" in changed and not new.get("settings"):
            arguments["settings"] = [{"name": "containerInsights", "value": "disabled"}]
        with explained(f"update ECS cluster {id}"):
            if arguments:
                ecs.update_cluster(cluster=id, **arguments)
            if "tags" in changed:
                retag(cloud, id, old, new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete the cluster."""
        del outputs
        with (
            explained(f"delete ECS cluster {id}", "Delete its services and stop its tasks first"),
            tolerating(_MISSING),
        ):
            cloud.client("ecs").delete_cluster(cluster=id)


class ClusterCapacityProviders(Handler):
    """What a cluster's tasks may run on; its id is the cluster's name."""

    token = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
    force_new = dict.fromkeys(("clusterName", "region"), _CAPACITY_SOURCE)
    in_place = frozenset({"capacityProviders", "defaultCapacityProviderStrategies"})

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """By the cluster: it has one such list, and putting it again is harmless."""
        del cloud, urn, inputs
        return None

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Put the list."""
        del urn
        name = str(inputs["clusterName"])
        self._put(cloud, name, inputs)
        return name

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return the list; None when it is empty unasked, or its cluster gone."""
        cluster = describe_cluster(cloud, id)
        if cluster is None:
            return None
        if not cluster.get("capacityProviders") and inputs.get("capacityProviders") != []:
            return None
        asked = inputs.get("defaultCapacityProviderStrategies")
        live: list[Properties] = cluster.get("defaultCapacityProviderStrategy") or []
        return {
            "capacityProviders": as_asked(
                inputs.get("capacityProviders"), cluster.get("capacityProviders") or []
            ),
            "clusterName": cluster["clusterName"],
            "defaultCapacityProviderStrategies": (asked if strategy(asked) == strategy(live) else live),
            "region": cloud.region,
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Put the new list."""
        del old, changed
        self._put(cloud, id, new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Empty the list."""
        del outputs
        with tolerating(_MISSING):
            cloud.client("ecs").put_cluster_capacity_providers(
                cluster=id, capacityProviders=[], defaultCapacityProviderStrategy=[]
            )

    def _put(self, cloud: Cloud, name: str, inputs: Properties) -> None:
        with explained(f"set the capacity providers of ECS cluster {name!r}"):
            cloud.client("ecs").put_cluster_capacity_providers(
                cluster=name,
                capacityProviders=inputs.get("capacityProviders") or [],
                defaultCapacityProviderStrategy=inputs.get("defaultCapacityProviderStrategies") or [],
            )


def retag(cloud: Cloud, arn: str, old: Properties, new: Properties) -> None:
    """Bring the tags of an ECS resource from `old` to `new`."""
    ecs = cloud.client("ecs")
    to_set, to_remove = tagging.changes(old.get("tags"), new.get("tags"))
    if to_set:
        ecs.tag_resource(resourceArn=arn, tags=tagging.pairs(to_set, lower=True))
    if to_remove:
        ecs.untag_resource(resourceArn=arn, tagKeys=to_remove)
