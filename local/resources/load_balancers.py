"""Application load balancers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from local.resources.aws_calls import call
from local.resources.base import Properties
from local.resources.elbv2 import Attribute, Elbv2Resource, attribute_outputs, attribute_pairs
from local.resources.shape import as_asked, same_members

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_ATTRIBUTES = {
    "clientKeepAlive": Attribute("client_keep_alive.seconds", 3600),
    "desyncMitigationMode": Attribute("routing.http.desync_mitigation_mode", "defensive"),
    "dropInvalidHeaderFields": Attribute("routing.http.drop_invalid_header_fields.enabled", default=False),
    "enableDeletionProtection": Attribute("deletion_protection.enabled", default=False),
    "enableHttp2": Attribute("routing.http2.enabled", default=True),
    "enableTlsVersionAndCipherSuiteHeaders": Attribute(
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
        default=False,
    ),
    "enableWafFailOpen": Attribute("waf.fail_open.enabled", default=False),
    "enableXffClientPort": Attribute("routing.http.xff_client_port.enabled", default=False),
    "enableZonalShift": Attribute("zonal_shift.config.enabled", default=False),
    "idleTimeout": Attribute("idle_timeout.timeout_seconds", 60),
    "preserveHostHeader": Attribute("routing.http.preserve_host_header.enabled", default=False),
    "xffHeaderProcessingMode": Attribute("routing.http.xff_header_processing.mode", "append"),
}


class LoadBalancer(Elbv2Resource):
    """`aws:lb/loadBalancer:LoadBalancer` of the application kind."""

    token = "aws:lb/loadBalancer:LoadBalancer"
    force_new = dict.fromkeys(
        ("internal", "loadBalancerType", "name"),
        "hashicorp/aws internal/service/elbv2/load_balancer.go: ForceNew",
    )
    in_place = frozenset({*_ATTRIBUTES, "ipAddressType", "securityGroups", "subnets", "tags"})
    name_property = "name"
    name_max_length = 32
    describe, arns = "describe_load_balancers", "LoadBalancerArns"
    listed, key = "LoadBalancers", "LoadBalancerArn"
    absent = ("LoadBalancerNotFound",)

    def same(self, key: str, old: Any, new: Any) -> bool:
        """Subnets and security groups are sets."""
        if key in {"securityGroups", "subnets"} and isinstance(old, list) and isinstance(new, list):
            return same_members(cast("list[Any]", old), cast("list[Any]", new))
        return super().same(key, old, new)

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Make it and set what is asked for."""
        answer = call(
            cloud,
            "elbv2",
            "create_load_balancer",
            Name=inputs["name"],
            Type=inputs.get("loadBalancerType") or "application",
            Scheme="internal" if inputs.get("internal") else "internet-facing",
            IpAddressType=inputs.get("ipAddressType") or "ipv4",
            Subnets=inputs.get("subnets") or [],
            SecurityGroups=inputs.get("securityGroups") or [],
            Tags=self.tag_argument(urn, inputs),
        )
        arn = str(answer["LoadBalancers"][0]["LoadBalancerArn"])
        self._set(cloud, arn, inputs, tuple(inputs))
        return arn

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return it; not its VPC, as MiniStack always names the default one."""
        balancer = self.one(cloud, id)
        if balancer is None:
            return None
        attributes = call(cloud, "elbv2", "describe_load_balancer_attributes", LoadBalancerArn=id)[
            "Attributes"
        ]
        subnets = [zone["SubnetId"] for zone in balancer["AvailabilityZones"]]
        return {
            "arn": id,
            "arnSuffix": id.partition(":loadbalancer/")[2],
            "dnsName": balancer["DNSName"],
            "internal": balancer["Scheme"] == "internal",
            "ipAddressType": balancer["IpAddressType"],
            "loadBalancerType": balancer["Type"],
            "name": balancer["LoadBalancerName"],
            "region": cloud.region,
            "securityGroups": as_asked(inputs.get("securityGroups"), balancer.get("SecurityGroups", [])),
            "subnets": as_asked(inputs.get("subnets"), subnets),
            "zoneId": balancer["CanonicalHostedZoneId"],
            **attribute_outputs(_ATTRIBUTES, attributes),
            **self.tag_outputs(cloud, id),
        }

    def update(
        self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: tuple[str, ...]
    ) -> None:
        """Change what can be changed, each by its own call."""
        self._set(cloud, id, new, changed)
        if "ipAddressType" in changed:
            kind = new.get("ipAddressType") or "ipv4"
            call(cloud, "elbv2", "set_ip_address_type", LoadBalancerArn=id, IpAddressType=kind)
        if "securityGroups" in changed:
            groups: list[str] = new.get("securityGroups") or []
            call(cloud, "elbv2", "set_security_groups", LoadBalancerArn=id, SecurityGroups=groups)
        if "subnets" in changed:
            call(cloud, "elbv2", "set_subnets", LoadBalancerArn=id, Subnets=new.get("subnets") or [])
        if "tags" in changed:
            self.retag(cloud, id, old=old, new=new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it."""
        del outputs
        call(cloud, "elbv2", "delete_load_balancer", LoadBalancerArn=id, absent=self.absent)

    def _set(self, cloud: Cloud, arn: str, inputs: Properties, names: tuple[str, ...]) -> None:
        if pairs := attribute_pairs(_ATTRIBUTES, inputs, names):
            call(cloud, "elbv2", "modify_load_balancer_attributes", LoadBalancerArn=arn, Attributes=pairs)
