"""The host names of a stack: domain, zones, certificate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from infra.settings.faults import Fault
from infra.settings.model import ONCE, Model, Pattern, arn, checked
from infra.settings.names import HostName

# The first name of a certificate becomes its common name, which X.509 limits to 64 characters.
_LONGEST_DOMAIN: Final = 64


def _too_long(domain: str) -> Iterator[Fault]:
    if len(domain) > _LONGEST_DOMAIN:
        most = f"at most {_LONGEST_DOMAIN} characters, as its certificate allows; it has {len(domain)}"
        yield Fault((), most)


_Certificate = Annotated[str, arn("a certificate in ACM", "acm", "certificate/[0-9a-f-]+", ":certificate/…")]
_ZoneId = Annotated[
    str, Pattern("the id of a Route 53 hosted zone, such as Z0123456789ABCDEFGHIJ", r"Z[A-Z0-9]{1,31}")
]


class DomainSettings(Model):
    """The host names of a stack."""

    domain: Annotated[HostName, checked(_too_long)] | None = None
    """Host name of the stack, such as dev.example.com; without one, plain HTTP on the load balancer's own
    name."""
    zone: HostName | None = None
    """Public Route 53 hosted zone that holds `domain`; empty means the domain without its first label."""
    hosted_zone_id: _ZoneId | None = None
    """Id of that zone, for an account with several zones of the same name."""
    private_zone: bool = False
    """Whether that zone is a private one of the stack's VPC; needs `certificate-arn`."""
    alias_zones: Annotated[tuple[HostName, ...], ONCE] = ()
    """Further Route 53 hosted zones, by name, for `aliases` and `redirect-hosts` outside `zone`."""
    dns_records: bool = True
    """Whether records are created in Route 53; false for DNS elsewhere, which needs `certificate-arn`."""
    certificate_arn: _Certificate | None = None
    """Certificate in ACM that covers `domain`, the names below it and all `aliases`; empty creates one."""

    @property
    def hosted_zone(self) -> str | None:
        """The zone that contains the domain; None without a domain."""
        return self.zone or (self.domain.partition(".")[2] if self.domain else None)

    def zone_of(self, host: str) -> str | None:
        """Return the zone that contains a host, the longest if there are several; None if there is none."""
        zones = filter(None, (self.hosted_zone, *self.alias_zones))
        return max((zone for zone in zones if f".{host}".endswith(f".{zone}")), key=len, default=None)

    def _rules(self) -> Iterator[Fault]:
        if self.domain is None:
            yield from self.refuse(
                "only valid together with `domain`; remove it, or set a domain",
                *("zone", "hosted-zone-id", "private-zone", "alias-zones", "certificate-arn"),
            )
        elif self.zone is None and "." not in str(self.hosted_zone):
            alone = f"only with a `zone`: without its first label it would be {self.hosted_zone}"
            yield Fault(("domain",), alone)
        elif not f".{self.domain}".endswith(f".{self.hosted_zone}"):
            inside = f"{self.zone} or a name that ends in .{self.zone}, the `zone`"
            yield Fault(("domain",), inside)
        if not self.dns_records:
            unused = "nothing, for with `dns-records: false` no zone is used"
            yield from self.refuse(unused, "hosted-zone-id", "private-zone", "alias-zones")
