"""How requests come into a picture: names, firewall, load balancers, their listeners and rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from automation.cost.resources import Resource, block_of, blocks_of
from automation.diagram.draft import Draft, text
from automation.diagram.model import Node

_LOAD_BALANCERS: Final = "lb/loadBalancer:LoadBalancer"
_CONDITIONS: Final = ("httpRequestMethod", "queryString", "queryStrings", "sourceIp")
"""Those of a rule that are named alone; hosts, paths and headers are shown."""


def read(draft: Draft) -> None:
    """Add the load balancers, what they lead to, and what leads to them."""
    services = _target_groups(draft)
    for balancer in draft.all(_LOAD_BALANCERS):
        _balancer(draft, balancer)
    for listener in draft.all("lb/listener:Listener"):
        _listener(draft, listener, services)
    for rule in draft.all("lb/listenerRule:ListenerRule"):
        _rule(draft, rule, services)
    for certificate in draft.all("lb/listenerCertificate:ListenerCertificate"):
        draft.is_of(_listener_of(draft, certificate), certificate)
    if balancers := draft.of_kind("load balancer"):
        _ways_in(draft, balancers)


def _target_groups(draft: Draft) -> Mapping[str, str]:
    """Return the services' nodes by the ARNs of their target groups."""
    found: dict[str, str] = {}
    for service in draft.all("ecs/service:Service"):
        for reached in service.blocks("loadBalancers"):
            advanced = block_of(reached, "advancedConfiguration")
            for arn in (reached.get("targetGroupArn"), advanced.get("alternateTargetGroupArn")):
                if group := draft.stack.by_arn(arn):
                    found[str(arn)] = f"service {service.name}"
                    draft.is_of(found[str(arn)], group)
    return found


def _balancer(draft: Draft, balancer: Resource) -> None:
    mappings = balancer.blocks("subnetMappings")
    where = "internal" if balancer.properties.get("internal") else "internet-facing"
    fixed = ["fixed addresses"] if any(one.get("allocationId") for one in mappings) else []
    draft.add(
        Node(
            id=f"load balancer {balancer.name}",
            kind="load balancer",
            name=f"{text(balancer, 'loadBalancerType').capitalize()} load balancer",
            lines=(where, *fixed),
            within="vpc",
            subnets=draft.placed([*balancer.strings("subnets"), *(one.get("subnetId") for one in mappings)]),
        ),
        balancer,
    )


def _balancer_of(draft: Draft, arn: object) -> str:
    """Return the node of a load balancer, by its ARN or that of a listener; one of others is added."""
    if balancer := draft.stack.by_arn(arn):
        return f"load balancer {balancer.name}"
    # arn:aws:elasticloadbalancing:REGION:ACCOUNT:listener/app/NAME/ID/ID
    kind, name = ([*str(arn).split("/"), "", ""])[1:3]
    return draft.add(
        Node(
            id=f"load balancer {name or 'of another stack'}",
            kind="load balancer",
            name=f"{'Network' if kind == 'net' else 'Application'} load balancer",
            lines=(name,) if name else (),
            within="vpc",
            exists=True,
        )
    )


def _listener(draft: Draft, listener: Resource, services: Mapping[str, str]) -> None:
    actions = listener.blocks("defaultActions")
    id_ = draft.add(
        Node(
            id=f"listener {listener.name}",
            kind="listener",
            name=f"{text(listener, 'protocol')} {listener.integer('port')}",
            lines=tuple(_done_by_itself(actions)),
            within=_balancer_of(draft, listener.properties.get("loadBalancerArn")),
        ),
        listener,
    )
    _forward(draft, id_, actions, services)


def _listener_of(draft: Draft, part: Resource) -> str:
    """Return the node of the listener that something is part of; one of others is added."""
    arn = part.properties.get("listenerArn")
    if listener := draft.stack.by_arn(arn):
        return f"listener {listener.name}"
    around = _balancer_of(draft, arn)
    return draft.add(
        Node(id=f"listener of {around}", kind="listener", name="Listener", within=around, exists=True)
    )


def _rule(draft: Draft, rule: Resource, services: Mapping[str, str]) -> None:
    source, actions = _listener_of(draft, rule), rule.blocks("actions")
    reached = (one for service in draft.all("ecs/service:Service") for one in service.blocks("loadBalancers"))
    tests = (block_of(one, "advancedConfiguration").get("testListenerRule") for one in reached)
    label = " with ".join(_conditions(rule)) + (" (test)" if rule.properties.get("arn") in tests else "")
    draft.is_of(source, rule)
    _forward(draft, source, actions, services, label)
    lines = [f"{label}: {what}" for what in _done_by_itself(actions)]
    draft.nodes[source] = replace(draft.nodes[source], lines=(*draft.nodes[source].lines, *lines))


def _forward(
    draft: Draft,
    source: str,
    actions: Iterable[Mapping[str, Any]],
    services: Mapping[str, str],
    label: str = "",
) -> None:
    for action in actions:
        several = blocks_of(block_of(action, "forward").get("targetGroups"))
        for arn in (action.get("targetGroupArn"), *(one.get("arn") for one in several)):
            if target := services.get(str(arn)):
                draft.join(source, target, "traffic", label)


def _done_by_itself(actions: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what a load balancer does with requests itself: redirects and answers."""
    for action in actions:
        if redirect := block_of(action, "redirect"):
            host = str(redirect.get("host", "#{host}"))
            yield f"redirects to {redirect.get('protocol') if host == '#{host}' else host}"
        elif fixed := block_of(action, "fixedResponse"):
            yield f"else {fixed.get('statusCode')}"


def _conditions(rule: Resource) -> Iterator[str]:
    """Yield what a request must have for a rule: its address, then the rest."""
    found: dict[str, list[str]] = {"hostHeader": [], "pathPattern": []}
    others: list[str] = []
    for condition in rule.blocks("conditions"):
        for key, values in found.items():
            values += [str(one) for one in block_of(condition, key).get("values") or () if one != "/*"]
        if header := block_of(condition, "httpHeader"):
            others.append(f"{header.get('httpHeaderName')}: {' or '.join(header.get('values') or ())}")
        others += [name for name in _CONDITIONS if block_of(condition, name)]
    if where := " ".join(" or ".join(values) for values in found.values() if values):
        yield where
    yield from others


def _ways_in(draft: Draft, balancers: Iterable[Node]) -> None:
    """Add who asks, the names that lead to the load balancers, and the firewall before them."""
    draft.add(Node(id="internet", kind="internet", name="Users"))
    named = _names(draft)
    guarded = _firewall(draft)
    for balancer in balancers:
        ways = [*(["dns"] if balancer.id in named else []), *(["firewall"] if balancer.id in guarded else [])]
        for source, target in zip(("internet", *ways), (*ways, balancer.id), strict=True):
            draft.join(source, target, "traffic")


def _names(draft: Draft) -> set[str]:
    """Add the records; return the load balancers that they lead to."""
    named: set[str] = set()
    for record in draft.all("route53/record:Record"):
        aliases = {str(alias.get("name")).removeprefix("dualstack.") for alias in record.blocks("aliases")}
        if not aliases:
            draft.is_of("certificates", record)
            continue
        draft.add(Node(id="dns", kind="dns", name="Route 53", lines=(text(record, "name"),)), record)
        balancers = [one for one in draft.all(_LOAD_BALANCERS) if text(one, "dnsName") in aliases]
        # A name of a load balancer that others own leads to the only one there is.
        named |= {f"load balancer {one.name}" for one in balancers} or {
            node.id for node in draft.of_kind("load balancer") if node.exists
        }
    return named


def _firewall(draft: Draft) -> set[str]:
    """Add the firewall; return the load balancers that it stands before."""
    for firewall in draft.all("wafv2/webAcl:WebAcl"):
        rules = sorted(firewall.blocks("rules"), key=lambda one: float(one.get("priority", 0)))
        node = Node(id="firewall", kind="firewall", name="AWS WAF", lines=tuple(map(_firewall_rule, rules)))
        draft.add(node, firewall, *draft.all("wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"))
    associations = draft.all("wafv2/webAclAssociation:WebAclAssociation")
    draft.is_of("firewall", *associations)
    return {_balancer_of(draft, one.properties.get("resourceArn")) for one in associations}


def _firewall_rule(rule: Mapping[str, Any]) -> str:
    statement = block_of(rule, "statement")
    rate = block_of(statement, "rateBasedStatement")
    if limit := rate.get("limit"):
        minutes = int(rate.get("evaluationWindowSec", 300)) // 60
        return f"{int(limit)} requests in {minutes} min per address"
    name = str(block_of(statement, "managedRuleGroupStatement").get("name") or rule.get("name", ""))
    return f"{name.removeprefix('AWSManagedRules').removesuffix('RuleSet')} rules"
