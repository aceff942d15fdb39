"""Rules for the combination of services and load balancers: order of rules, ports, networks, listeners."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.infra.settings_fixtures import SUBNETS, faults_of, refuses, settings_of

HTTPS = {"domain": "dev.example.com"}
TCP = {"exposure": "tcp"}
CANARY = {"rollout": {"strategy": "canary"}}
WWW = "www.dev.example.com"
LISTENER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shared/0123456789abcdef/{}"
EXISTING = {
    **HTTPS,
    "listener-arn": LISTENER.format("0123456789abcdef"),
    "vpc-id": "vpc-01234567",
    "private-subnet-ids": list(SUBNETS[:2]),
}
TEST = {"test-listener-arn": LISTENER.format("fedcba9876543210")}
CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/shared"
NETWORK = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/shared/0123456789abcdef"


def _order(config: dict[str, Any]) -> list[str]:
    return [rule.name for rule in settings_of(config).routing.rules]


def test_rules_with_longer_paths_come_first_and_the_main_service_last() -> None:
    services = {
        "any": {"paths": ["/*/admin"]},
        "api": {"paths": ["/api/*"]},
        "v2": {"paths": ["/api/v2/*"]},
        "exact": {"paths": ["/api/v2/health-of-all"]},
    }

    for domain in ({}, HTTPS):
        assert _order({**domain, "services": services}) == ["exact", "v2", "api", "any", "web"]


def test_a_wildcard_alias_of_the_main_service_comes_last() -> None:
    config = {**HTTPS, "aliases": ["*.dev.example.com"], "services": {"api": {}}, "multidev": ["alice"]}

    assert _order(config)[-1] == "web"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {**HTTPS, "services": {"all": {"aliases": ["*.dev.example.com"], "priority": 1}, "api": {}}},
            'services.api = "api": … all comes before api',
        ),
        (
            {"services": {"api": {"paths": ["/api/*"], "priority": 2}, "v2": {"paths": ["/api/v2/*"]}}},
            'services.v2 = "v2": … a `priority` below 2, or other names and paths: api comes before v2',
        ),
        (
            # A copy's path begins with its name if there is no domain.
            {
                "services": {"api": {"paths": ["/" + "a" * 127]}},
                "multidev": [{"name": "bob", "services": ["api"]}],
            },
            "multidev[0] = … shorter `paths`: a listener rule accepts 128 characters, and this has 132",
        ),
        (
            {**HTTPS, "aliases": [f"{'a' * 60}.{'b' * 53}.dev.example.com"]},
            "aliases = … shorter `aliases`: a listener rule accepts 128 characters, and this has 130",
        ),
        ({"services": {"all": {"paths": ["/*"]}}}, 'paths = "web": … all comes before web, with priority'),
        (
            {"paths": ["/api/v1/*"], "services": {"api": {"paths": ["/api/*"]}}},
            'paths = "web": … api comes before web, with priority 50000, and gets all its requests',
        ),
        (
            {**HTTPS, "aliases": [f"a{number}.example.com" for number in range(5)]},
            "aliases … a listener rule has 5 values; with the host name those of web are 6",
        ),
        ({**HTTPS, "paths": [f"/{letter}" for letter in "abcde"]}, "paths … a listener rule has 5 values"),
        (
            {**HTTPS, "aliases": ["api.dev.example.com"], "services": {"api": {}}},
            "aliases[0] … another name: api has it already",
        ),
        (
            {**HTTPS, "services": {"api": {"aliases": ["dev.example.com"]}}},
            "services.api.aliases[0] … another name: web has it already",
        ),
        (
            {**HTTPS, "services": {f"s{number}": {} for number in range(101)}},
            'services = "102 rules": … one load balancer has at most 100',
        ),
        (
            {**HTTPS, "aliases": [WWW], "services": {"api": {"aliases": [WWW], "priority": 1}}},
            f'paths = "web": … other names or paths: api has {WWW}/*, too',
        ),
        ({**HTTPS, "aliases": ["dev.example.com"]}, "aliases[0] … another name: web has it already"),
        (
            {**HTTPS, **TCP, "services": {"api": {"paths": ["/api/*"]}}},
            "services.api.paths … dev.example.com is web's, which has `exposure: tcp`",
        ),
        ({"paths": ["/*/*/*/a", "/*/*/*/*/b"]}, "paths … fewer * and ?: a listener rule has 6"),
        ({"protocol-version": "http2"}, "protocol-version … http1, or a `domain`"),
        ({"protocol-version": "grpc"}, "protocol-version … http1, or a `domain`"),
        ({**TCP, "listener-protocol": "tls"}, "listener-protocol … tcp, or a `domain`, whose certificate"),
        ({**TCP, "listener-protocol": "udp", "ipv6": True}, "listener-protocol … or `ipv6: false`"),
        ({**TCP, "services": {"b": {"exposure": "tcp"}}}, "services.b.listener-port = 3000: … another port"),
        ({**TCP, "multidev": ["alice"]}, 'multidev[0] = "web-alice": … web has `exposure: tcp` and a copy'),
        ({"attach-to": "base", "health-check-port": 9000}, "health-check-port … 0: the load balancer"),
        (
            {**HTTPS, "multidev": [f"c{number}" for number in range(99)], "redirect-hosts": [WWW]},
            'multidev = "101 rules": … they need 101 listener rules and target groups',
        ),
        ({"attach-to": "base", **TCP}, "exposure … http: only the application load balancer of base"),
        ({"network-load-balancer": {"internal": True}}, "network-load-balancer = … only valid"),
        (
            {"internal": True, "ipv6": True},
            "internal … or `ipv6: false`: the stack's private subnets have no",
        ),
        (
            {**TCP, "network-load-balancer": {"internal": True}, "ipv6": True},
            "network-load-balancer.internal … or `ipv6: false`",
        ),
        ({"allowed-cidrs": ["2001:db8::/32"]}, "allowed-cidrs[0] … an IPv4 range, or `ipv6: true`"),
        (
            {**TCP, "network-load-balancer": {"allowed-cidrs": ["2001:db8::/32"]}},
            "network-load-balancer.allowed-cidrs[0] … an IPv4 range, or `ipv6: true`",
        ),
    ],
)
def test_conflicting_rules_and_listeners_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


def test_tcp_and_udp_services_have_their_own_ports() -> None:
    services = {"dns": {"exposure": "tcp", "listener-protocol": "udp", "listener-port": 53}}
    settings = settings_of({**TCP, "services": services})

    assert [one.port for one in settings.services] == [3000, 53]


def test_two_stacks_at_an_existing_listener_have_different_priorities() -> None:
    """They have services and copies of the same names."""
    services = {"api": {"paths": ["/api/*"]}, "admin": {}}
    config = {**EXISTING, "services": services, "multidev": [{"name": "alice", "services": ["api", "admin"]}]}
    dev, other = (
        {rule.priority for rule in settings_of(config, stack=stack).routing.rules}
        for stack in ("dev", "staging")
    )

    assert len(dev) == len(other) == 6
    assert not dev & other


def test_no_stack_at_an_existing_listener_gets_the_last_priority() -> None:
    """Another stack of this program there would want it, too."""
    first, second = (settings_of(EXISTING, stack=stack).main.priority for stack in ("dev", "staging"))

    assert len({first, second, 50_000}) == 3
    assert settings_of({**EXISTING, "listener-priority": 77}).main.priority == 77


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"listener-arn": "shared"}, "listener-arn … the ARN of an application load balancer's listener"),
        ({**HTTPS, "listener-arn": LISTENER.format("0" * 16)}, "listener-arn … only valid together with"),
        ({"test-listener-arn": LISTENER.format("0" * 16)}, "test-listener-arn … together with"),
        ({"listener-priority": 5}, "listener-priority … only valid together with `listener-arn`"),
        ({**EXISTING, "listener-priority": 500}, "listener-priority … 500 to 999 are for stacks with"),
        ({**EXISTING, "listener-priority": 999}, "listener-priority … 500 to 999 are for stacks with"),
        ({"cluster-arn": "shared"}, "cluster-arn … the ARN of an ECS cluster"),
        ({"cluster-arn": CLUSTER.replace("us-", "eu-")}, "cluster-arn … one in us-east-1, the stack's"),
        ({"cluster-arn": CLUSTER, "container-insights": "enhanced"}, "container-insights … it belongs"),
        (
            {"cluster-arn": CLUSTER, "capacity": {"outside": {"type": "external"}}},
            "capacity = … it belongs to the existing cluster",
        ),
        ({**EXISTING, "exposure": "none"}, "listener-arn … only valid with a service that has"),
        (
            {
                **EXISTING,
                "public-subnet-ids": list(SUBNETS[2:4]),
                "services": {"mqtt": {"exposure": "tcp", "listener-protocol": "tls", "listener-port": 883}},
            },
            "services.mqtt.listener-protocol … tcp, or a `certificate-arn`: with `listener-arn` the program creates none",
        ),
        ({**EXISTING, "domain": ""}, "listener-arn … would get the requests of all others"),
        ({**EXISTING, "aws:region": "eu-west-1"}, "listener-arn … one in eu-west-1, the stack's region"),
        ({**EXISTING, "internal": True}, "internal … the existing load balancer of `listener-arn`"),
        ({**EXISTING, "hsts-seconds": 60}, "hsts-seconds … the existing load balancer of `listener-arn`"),
        ({**EXISTING, "allowed-cidrs": ["10.0.0.0/8"]}, "allowed-cidrs … the existing load balancer"),
        (
            {**EXISTING, **CANARY, "test-listener-arn": EXISTING["listener-arn"]},
            "test-listener-arn … another listener than `listener-arn`",
        ),
        (
            {**EXISTING, **CANARY, "test-listener-arn": TEST["test-listener-arn"].replace("shared", "other")},
            "test-listener-arn … a listener of app/shared/0123456789abcdef",
        ),
        ({**EXISTING, **CANARY}, "rollout.strategy … or a `test-listener-arn`"),
        ({**EXISTING, **TEST}, "test-listener-arn … canary, linear or blue-green has a test listener"),
        (
            {**TCP, "network-load-balancer": {"arn": NETWORK}},
            "network-load-balancer.arn … only valid together",
        ),
        (
            {**TCP, "network-load-balancer": {"internal": True, "fixed-addresses": True}},
            "network-load-balancer.fixed-addresses … Elastic IP addresses are public",
        ),
        (
            {**TCP, "network-load-balancer": {"arn": NETWORK, "internal": True}},
            "network-load-balancer.internal … the existing load balancer of `arn`",
        ),
    ],
)
def test_invalid_existing_listeners_and_clusters_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


@pytest.mark.parametrize(
    ("config", "missing"),
    [
        ({}, ("public-subnet-ids", "private-subnet-ids")),
        ({"nat": "none"}, ("public-subnet-ids",)),
        ({"internal": True}, ("private-subnet-ids",)),
        ({"exposure": "none"}, ("private-subnet-ids",)),
        (TCP, ("public-subnet-ids", "private-subnet-ids")),
        ({**TCP, "network-load-balancer": {"internal": True}}, ("private-subnet-ids",)),
        ({**TCP, "network-load-balancer": {"arn": NETWORK}}, ("private-subnet-ids",)),
    ],
)
def test_an_existing_vpc_needs_the_subnets_that_are_used(
    config: dict[str, Any], missing: tuple[str, ...]
) -> None:
    faults = faults_of({"vpc-id": "vpc-01234567", **config})

    assert tuple(fault.split(" = ")[0] for fault in faults) == missing
