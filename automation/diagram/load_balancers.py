"""How requests come into a picture: DNS names, firewall, load balancers, their listeners and rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from automation.cost.resources import Resource, block_of, blocks_of
from automation.diagram.builder import Builder, string

_LOAD_BALANCERS: Final = "lb/loadBalancer:LoadBalancer"
_OTHER_CONDITIONS: Final = ("httpRequestMethod", "queryString", "queryStrings", "sourceIp")
"""Conditions of a rule whose values are not shown."""


def add_load_balancers(builder: Builder) -> None:
    """Add the load balancers, the services behind them, and the names and firewall before them."""
    services = _services_by_target_group(builder)
    for balancer in builder.all(_LOAD_BALANCERS):
        _add_balancer(builder, balancer)
    for listener in builder.all("lb/listener:Listener"):
        _add_listener(builder, listener, services)
    for rule in builder.all("lb/listenerRule:ListenerRule"):
        _add_rule(builder, rule, services)
    for certificate in builder.all("lb/listenerCertificate:ListenerCertificate"):
        builder.assign(_listener_of(builder, certificate), certificate)
    balancers = [node.id for node in builder.nodes.values() if node.kind == "load balancer"]
    if not balancers:
        return
    builder.add("internet", "internet", "Users")
    named, guarded = _add_names(builder), _add_firewall(builder)
    for balancer in balancers:
        path = ["internet"]
        path += ["dns"] if balancer in named else []
        path += ["firewall"] if balancer in guarded else []
        for source, target in zip(path, (*path[1:], balancer), strict=True):
            builder.connect(source, target, "traffic")


def _services_by_target_group(builder: Builder) -> Mapping[str, str]:
    """Return the nodes of services by the ARNs of their target groups."""
    services: dict[str, str] = {}
    for service in builder.all("ecs/service:Service"):
        for item in service.blocks("loadBalancers"):
            advanced = block_of(item, "advancedConfiguration")
            for arn in (item.get("targetGroupArn"), advanced.get("alternateTargetGroupArn")):
                if group := builder.stack.by_arn(arn):
                    services[str(arn)] = f"service {service.name}"
                    builder.assign(services[str(arn)], group)
    return services


def _add_balancer(builder: Builder, balancer: Resource) -> None:
    mappings = balancer.blocks("subnetMappings")
    scheme = "internal" if balancer.properties.get("internal") else "internet-facing"
    fixed = ["fixed addresses"] if any(item.get("allocationId") for item in mappings) else []
    ids = [*balancer.strings("subnets"), *(item.get("subnetId") for item in mappings)]
    builder.add(
        f"load balancer {balancer.name}",
        "load balancer",
        f"{string(balancer, 'loadBalancerType').capitalize()} load balancer",
        [scheme, *fixed],
        within="vpc",
        subnets=builder.subnets(ids),
        resources=[balancer],
    )


def _balancer_of(builder: Builder, arn: object) -> str:
    """Return the node of a load balancer, by its ARN or a listener's; an existing one is added."""
    if balancer := builder.stack.by_arn(arn):
        return f"load balancer {balancer.name}"
    # arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener/app/NAME/ID/ID
    kind, name = ([*str(arn).split("/"), "", ""])[1:3]
    return builder.add(
        f"load balancer {name or 'of another stack'}",
        "load balancer",
        f"{'Network' if kind == 'net' else 'Application'} load balancer",
        [name] if name else [],
        within="vpc",
        external=True,
    )


def _add_listener(builder: Builder, listener: Resource, services: Mapping[str, str]) -> None:
    actions = listener.blocks("defaultActions")
    id_ = builder.add(
        f"listener {listener.name}",
        "listener",
        f"{string(listener, 'protocol')} {listener.integer('port')}",
        _own_responses(actions),
        within=_balancer_of(builder, listener.properties.get("loadBalancerArn")),
        resources=[listener],
    )
    _forward(builder, id_, actions, services)


def _listener_of(builder: Builder, part: Resource) -> str:
    """Return the node of the listener of a rule or certificate; an existing one is added."""
    arn = part.properties.get("listenerArn")
    if listener := builder.stack.by_arn(arn):
        return f"listener {listener.name}"
    within = _balancer_of(builder, arn)
    return builder.add(f"listener of {within}", "listener", "Listener", within=within, external=True)


def _add_rule(builder: Builder, rule: Resource, services: Mapping[str, str]) -> None:
    source, actions = _listener_of(builder, rule), rule.blocks("actions")
    targets = (
        item for service in builder.all("ecs/service:Service") for item in service.blocks("loadBalancers")
    )
    tests = (block_of(item, "advancedConfiguration").get("testListenerRule") for item in targets)
    label = " with ".join(_conditions(rule)) + (" (test)" if rule.properties.get("arn") in tests else "")
    builder.assign(source, rule)
    _forward(builder, source, actions, services, label)
    node = builder.nodes[source]
    lines = (f"{label}: {response}" for response in _own_responses(actions))
    builder.nodes[source] = replace(node, lines=(*node.lines, *lines))


def _forward(
    builder: Builder,
    source: str,
    actions: Iterable[Mapping[str, Any]],
    services: Mapping[str, str],
    label: str = "",
) -> None:
    for action in actions:
        groups = blocks_of(block_of(action, "forward").get("targetGroups"))
        for arn in (action.get("targetGroupArn"), *(item.get("arn") for item in groups)):
            if target := services.get(str(arn)):
                builder.connect(source, target, "traffic", label)


def _own_responses(actions: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the responses of the load balancer itself: redirects and fixed responses."""
    for action in actions:
        if redirect := block_of(action, "redirect"):
            host = str(redirect.get("host", "#{host}"))
            yield f"redirects to {redirect.get('protocol') if host == '#{host}' else host}"
        elif fixed := block_of(action, "fixedResponse"):
            yield f"else {fixed.get('statusCode')}"


def _conditions(rule: Resource) -> Iterator[str]:
    """Yield the conditions of a rule: host and path together, then the others."""
    address: dict[str, list[str]] = {"hostHeader": [], "pathPattern": []}
    others: list[str] = []
    for condition in rule.blocks("conditions"):
        for key, values in address.items():
            values += [str(value) for value in block_of(condition, key).get("values") or () if value != "/*"]
        if header := block_of(condition, "httpHeader"):
            others.append(f"{header.get('httpHeaderName')}: {' or '.join(header.get('values') or ())}")
        others += [name for name in _OTHER_CONDITIONS if block_of(condition, name)]
    if text := " ".join(" or ".join(values) for values in address.values() if values):
        yield text
    yield from others


def _add_names(builder: Builder) -> set[str]:
    """Add the DNS records; return the load balancers that they point to."""
    named: set[str] = set()
    for record in builder.all("route53/record:Record"):
        aliases = {str(alias.get("name")).removeprefix("dualstack.") for alias in record.blocks("aliases")}
        if not aliases:
            builder.assign("certificates", record)
            continue
        builder.add("dns", "dns", "Route 53", [string(record, "name")], resources=[record])
        balancers = [item for item in builder.all(_LOAD_BALANCERS) if string(item, "dnsName") in aliases]
        # An alias of an existing load balancer points to the only one in the picture.
        named |= {f"load balancer {item.name}" for item in balancers} or {
            node.id for node in builder.nodes.values() if node.kind == "load balancer" and node.external
        }
    return named


def _add_firewall(builder: Builder) -> set[str]:
    """Add the firewall; return the load balancers that it protects."""
    logging = builder.all("wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration")
    for acl in builder.all("wafv2/webAcl:WebAcl"):
        rules = sorted(acl.blocks("rules"), key=lambda item: float(item.get("priority", 0)))
        builder.add("firewall", "firewall", "AWS WAF", map(_firewall_rule, rules), resources=[acl, *logging])
    associations = builder.all("wafv2/webAclAssociation:WebAclAssociation")
    builder.assign("firewall", *associations)
    return {_balancer_of(builder, item.properties.get("resourceArn")) for item in associations}


def _firewall_rule(rule: Mapping[str, Any]) -> str:
    statement = block_of(rule, "statement")
    rate = block_of(statement, "rateBasedStatement")
    if limit := rate.get("limit"):
        minutes = int(rate.get("evaluationWindowSec", 300)) // 60
        return f"{int(limit)} requests in {minutes} min per address"
    name = str(block_of(statement, "managedRuleGroupStatement").get("name") or rule.get("name", ""))
    return f"{name.removeprefix('AWSManagedRules').removesuffix('RuleSet')} rules"
