"""DNS records of the load balancer, and the certificate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """Inputs of :class:`Certificate`."""

    domain: str
    zone_id: pulumi.Input[str]
    names: Sequence[str]
    """Names that the certificate covers besides the domain."""
    zone_ids: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Zones of names that are not in `zone_id`, by name without the wildcard."""


class Certificate(pulumi.ComponentResource):
    """A validated certificate for a domain and further names."""

    arn: pulumi.Output[str]
    """Resolved when the certificate is issued: listeners reject a pending certificate."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Certificate", name, None, opts)

        certificate = aws.acm.Certificate(
            name,
            domain_name=args.domain,
            subject_alternative_names=list(args.names) or None,
            validation_method="DNS",
            opts=pulumi.ResourceOptions(parent=self),
        )
        # ACM requires the same record for a name and its wildcard.
        hosts = dict.fromkeys(name.removeprefix("*.") for name in (args.domain, *args.names))
        records = [
            self._validation_record(
                f"{name}-record" + ("" if host == args.domain else f"-{host.replace('.', '-')}"),
                host,
                certificate,
                args.zone_ids.get(host, args.zone_id),
            )
            for host in hosts
        ]
        validation = aws.acm.CertificateValidation(
            name,
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn for record in records],
            opts=pulumi.ResourceOptions(
                parent=self,
                # In a delegated zone validation takes minutes; the provider's default is 75 minutes.
                custom_timeouts=pulumi.CustomTimeouts(create="15m"),
            ),
        )

        self.arn = validation.certificate_arn
        self.register_outputs({"arn": self.arn})

    def _validation_record(
        self, resource_name: str, host: str, certificate: aws.acm.Certificate, zone_id: pulumi.Input[str]
    ) -> aws.route53.Record:
        """Declare the record by which ACM validates a host and its wildcard."""
        validation = certificate.domain_validation_options.apply(
            lambda options: next(
                option for option in options if (option.domain_name or "").removeprefix("*.") == host
            )
        )
        return aws.route53.Record(
            resource_name,
            zone_id=zone_id,
            name=validation.apply(lambda option: option.resource_record_name or ""),
            type=validation.apply(lambda option: option.resource_record_type or ""),
            records=[validation.apply(lambda option: option.resource_record_value or "")],
            ttl=300,
            # Another certificate of the same name, in another region or for CloudFront, shares this record
            # and needs it for its renewal: it must neither be an error nor be deleted.
            allow_overwrite=True,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )


@dataclass(frozen=True, kw_only=True)
class HostArgs:
    """Inputs of :class:`Host`."""

    host: str
    zone_id: pulumi.Input[str]
    load_balancer_dns_name: pulumi.Input[str]
    load_balancer_zone_id: pulumi.Input[str]
    ipv6: bool = False


class Host(pulumi.ComponentResource):
    """Alias records of a host name, for a load balancer."""

    def __init__(self, name: str, args: HostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("node-on-ecs:infra:Host", name, None, opts)

        for family, record_type in ({"ipv4": "A"} | ({"ipv6": "AAAA"} if args.ipv6 else {})).items():
            aws.route53.Record(
                f"{name}-{family}",
                zone_id=args.zone_id,
                name=args.host,
                type=record_type,
                aliases=[
                    {
                        "name": args.load_balancer_dns_name,
                        "zone_id": args.load_balancer_zone_id,
                        "evaluate_target_health": True,
                    }
                ],
                opts=pulumi.ResourceOptions(parent=self),
            )

        self.register_outputs({})
