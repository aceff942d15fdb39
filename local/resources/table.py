"""The table of simple resource types."""

from __future__ import annotations

from typing import Any, Final

from local.resources.ecs import DEPLOYMENT, GONE, OWN
from local.resources.row import Attributes, Change, Row, Tags

# A table: one argument a line would hide it.
# fmt: off

_ACM = Tags("list_tags_for_certificate", "add_tags_to_certificate", "remove_tags_from_certificate",
            "CertificateArn", keys="Tags")
_CLOUDWATCH = Tags("list_tags_for_resource", "tag_resource", "untag_resource", "ResourceARN", by_arn=True)
_ECS = Tags("", "tag_resource", "untag_resource", "resourceArn", answer="tags", argument="tags",
            keys="tagKeys")
_EC2 = Tags("", "create_tags", "delete_tags", "Resources", keys="Tags")
_BY_ARN = Tags("list_tags_for_resource", "tag_resource", "untag_resource", "resourceArn", by_arn=True,
               answer="tags", argument="tags", keys="tagKeys")
_EFS = Tags("", "tag_resource", "untag_resource", "ResourceId")
_ELB = Tags("describe_tags", "add_tags", "remove_tags", "ResourceArns", answer="TagDescriptions[0].Tags")
_DISCOVERY_TAGS = Tags("list_tags_for_resource", "tag_resource", "untag_resource", "ResourceARN", by_arn=True)
_SSM = Tags("list_tags_for_resource", "add_tags_to_resource", "remove_tags_from_resource", "ResourceId",
            answer="TagList")


def _ec2(token: str, noun: str, **columns: Any) -> Row:
    """Return a row for one of EC2's own kind, whose operations and members are all called alike."""
    name = "".join(word.capitalize() for word in noun.split("_"))
    kind = columns.pop("kind", noun.replace("_", "-"))
    outputs = {"arn": f"{kind}/{{id}}", "ownerId": "OwnerId"} | columns.pop("outputs", {})
    usual: dict[str, Any] = {
        "create": f"create_{noun}", "read": f"describe_{noun}s", "delete": f"delete_{noun}",
        "by": f"{name}Id", "items": f"{name}s", "id": f"{name}.{name}Id",
        "tags": _EC2, "tag_specification": kind, "outputs": outputs,
    }
    return Row(token, "ec2", **{**usual, **columns})


_NETWORK = (
    _ec2("aws:ec2/vpc:Vpc", "vpc", source="ec2/vpc_.go", handler="network:Vpc",
         absent="InvalidVpcID.NotFound", replace="cidrBlock instanceTenancy",
         forgotten="assignGeneratedIpv6CidrBlock",
         changes=(Change("modify_vpc_attribute", "enableDnsSupport"),
                  Change("modify_vpc_attribute", "enableDnsHostnames"),
                  Change("", "assignGeneratedIpv6CidrBlock")),
         names={"assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock",
                "enableDnsHostnames": "EnableDnsHostnames.Value",
                "enableDnsSupport": "EnableDnsSupport.Value"},
         defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
         outputs={"dhcpOptionsId": "DhcpOptionsId"}),
    _ec2("aws:ec2/subnet:Subnet", "subnet", source="ec2/vpc_subnet.go", absent="InvalidSubnetID.NotFound",
         replace="availabilityZone cidrBlock vpcId", forgotten="assignIpv6AddressOnCreation ipv6CidrBlock",
         changes=(Change("modify_subnet_attribute", "mapPublicIpOnLaunch"),
                  Change("modify_subnet_attribute", "assignIpv6AddressOnCreation"),
                  Change("", "ipv6CidrBlock")),
         names={"assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation.Value",
                "mapPublicIpOnLaunch": "MapPublicIpOnLaunch.Value"},
         defaults={"assignIpv6AddressOnCreation": False, "mapPublicIpOnLaunch": False},
         outputs={"availabilityZoneId": "AvailabilityZoneId"}),
    _ec2("aws:ec2/internetGateway:InternetGateway", "internet_gateway", source="ec2/vpc_internet_gateway.go",
         handler="network:InternetGateway", absent="InvalidInternetGatewayID.NotFound",
         changes=(Change("attach_internet_gateway", "vpcId"),),
         outputs={"vpcId": "Attachments[0].VpcId"}),
    _ec2("aws:ec2/routeTable:RouteTable", "route_table", source="ec2/vpc_route_table.go",
         absent="InvalidRouteTableID.NotFound", replace="vpcId"),
    _ec2("aws:ec2/eip:Eip", "address", source="ec2/ec2_eip.go", create="allocate_address",
         read="describe_addresses", delete="release_address", by="AllocationId", items="Addresses",
         id="AllocationId", kind="elastic-ip", absent="InvalidAllocationID.NotFound",
         replace="domain", defaults={"domain": "vpc"},
         outputs={"allocationId": "AllocationId", "publicIp": "PublicIp"}),
    _ec2("aws:ec2/natGateway:NatGateway", "nat_gateway", source="ec2/vpc_nat_gateway.go", kind="natgateway",
         items="NatGateways[?State!='deleted']", absent="NatGatewayNotFound",
         replace="allocationId connectivityType subnetId", forgotten="allocationId",
         defaults={"connectivityType": "public"}, outputs={"vpcId": "VpcId"}),
    Row("aws:ec2/routeTableAssociation:RouteTableAssociation", "ec2",
        # On AWS another table is a change in place; the association has another id afterwards all the same.
        source="ec2/vpc_route_table_association.go", create="associate_route_table",
        read="describe_route_tables", delete="disassociate_route_table", by="AssociationId",
        items="RouteTables[].Associations[]", id="AssociationId", key="RouteTableAssociationId",
        absent="InvalidAssociationID.NotFound", replace="routeTableId subnetId", delete_before_replace=True),
    Row("aws:ec2/route:Route", "ec2", source="ec2/vpc_route.go", handler="network:Route",
        create="create_route", read="describe_route_tables", delete="delete_route",
        id="{routeTableId}_{destinationCidrBlock}{destinationIpv6CidrBlock}",
        items="RouteTables[].Routes[]", absent="InvalidRouteTableID.NotFound InvalidRoute.NotFound",
        replace="destinationCidrBlock destinationIpv6CidrBlock routeTableId",
        changes=(Change("replace_route", "gatewayId natGatewayId"),),
        outputs={"origin": "Origin", "state": "State"}, forgotten="destinationIpv6CidrBlock routeTableId"),
    _ec2("aws:ec2/securityGroup:SecurityGroup", "security_group", source="ec2/vpc_security_group.go",
         handler="security_groups:SecurityGroup", by="GroupId", id="GroupId", absent="InvalidGroup.NotFound",
         replace="description name vpcId", settled="revokeRulesOnDelete", name="name",
         names={"name": "GroupName"}, defaults={"description": "Managed by Pulumi"}),
    _ec2("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "security_group",
         source="ec2/vpc_default_security_group.go", handler="security_groups:DefaultSecurityGroup",
         by="GroupId", id="GroupId", absent="InvalidGroup.NotFound", replace="vpcId",
         changes=(Change("", "egress ingress"),), settled="revokeRulesOnDelete",
         outputs={"description": "Description", "name": "GroupName"}),
    *(_ec2(f"aws:vpc/securityGroup{word}Rule:SecurityGroup{word}Rule", "security_group_rule",
           # AWS changes a referenced group in place; MiniStack ignores that.
           source="ec2/vpc_security_group_ingress_rule.go", handler="security_groups:SecurityGroupRule",
           create=f"authorize_security_group_{word.lower()}", delete=f"revoke_security_group_{word.lower()}",
           id="SecurityGroupRules[0].SecurityGroupRuleId",
           absent="InvalidGroup.NotFound InvalidSecurityGroupRuleId.NotFound",
           replace="referencedSecurityGroupId securityGroupId", names={"securityGroupId": "GroupId"},
           changes=(Change("", "cidrIpv4 cidrIpv6 description fromPort ipProtocol toPort"),),
           outputs={"arn": "SecurityGroupRuleArn", "securityGroupRuleId": "SecurityGroupRuleId",
                    "referencedSecurityGroupId": "ReferencedGroupInfo.GroupId"})
      for word in ("Ingress", "Egress")),
    _ec2("aws:ec2/vpcEndpoint:VpcEndpoint", "vpc_endpoint", source="ec2/vpc_endpoint.go",
         delete="delete_vpc_endpoints", absent="InvalidVpcEndpointId.NotFound",
         replace="serviceName vpcEndpointType vpcId", defaults={"vpcEndpointType": "Gateway"},
         # MiniStack's endpoints lead nowhere, so nothing is lost.
         changes=(Change("", "privateDnsEnabled routeTableIds securityGroupIds subnetIds"),),
         forgotten="privateDnsEnabled routeTableIds securityGroupIds subnetIds",
         sets="routeTableIds securityGroupIds subnetIds"),
    _ec2("aws:ec2/flowLog:FlowLog", "flow_log", source="ec2/vpc_flow_log.go", create="create_flow_logs",
         delete="delete_flow_logs", id="FlowLogIds[0]", key="FlowLogId",
         # MiniStack's word; AWS says vpc-flow-log.
         kind="flow-log", absent="InvalidFlowLogId.NotFound",
         replace="iamRoleArn logDestination logDestinationType logFormat maxAggregationInterval trafficType "
                 "vpcId",
         names={"iamRoleArn": "DeliverLogsPermissionArn", "vpcId": "ResourceIds|ResourceId"},
         arguments={"create_flow_logs": {"ResourceType": "VPC"}},
         defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
         forgotten="iamRoleArn logFormat maxAggregationInterval"),
)

_ACTION_NAMES = {
    "forward": "ForwardConfig", "forward.targetGroups.arn": "TargetGroupArn",
    "forward.stickiness": "TargetGroupStickinessConfig", "forward.stickiness.duration": "DurationSeconds",
    "fixedResponse": "FixedResponseConfig", "redirect": "RedirectConfig",
}
_ACTION_DEFAULTS = {
    "forward.targetGroups.weight": 1, "redirect.host": "#{host}", "redirect.path": "/#{path}",
    "redirect.port": "#{port}", "redirect.protocol": "#{protocol}", "redirect.query": "#{query}",
}

_LOAD_BALANCING = (
    Row("aws:lb/loadBalancer:LoadBalancer", "elbv2", source="elbv2/load_balancer.go",
        handler="load_balancing:WithArnSuffix",
        create="create_load_balancer", read="describe_load_balancers", delete="delete_load_balancer",
        by="LoadBalancerArn", items="LoadBalancers", id="LoadBalancers[0].LoadBalancerArn",
        absent="LoadBalancerNotFound", name="name", name_max_length=32, tags=_ELB,
        replace="internal loadBalancerType name", sets="securityGroups subnetMappings subnets",
        only_if_asked="subnets",
        changes=(Change("set_ip_address_type", "ipAddressType"),
                 Change("set_subnets", "subnetMappings subnets"),
                 Change("set_security_groups",
                        "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic securityGroups")),
        forgotten="enforceSecurityGroupInboundRulesOnPrivateLinkTraffic subnetMappings",
        names={"internal": "Scheme", "loadBalancerType": "Type", "name": "Name|LoadBalancerName"},
        defaults={"internal": False, "loadBalancerType": "application"},
        outputs={"arn": "LoadBalancerArn", "dnsName": "DNSName", "internal": "Scheme=='internal'",
                 "subnets": "AvailabilityZones[].SubnetId", "vpcId": "VpcId",
                 "zoneId": "CanonicalHostedZoneId"},
        attributes=Attributes("describe_load_balancer_attributes", "modify_load_balancer_attributes", {
            "accessLogs.bucket": ("access_logs.s3.bucket", ""),
            "accessLogs.enabled": ("access_logs.s3.enabled", False),
            "accessLogs.prefix": ("access_logs.s3.prefix", ""),
            "clientKeepAlive": ("client_keep_alive.seconds", 3600),
            "connectionLogs.bucket": ("connection_logs.s3.bucket", ""),
            "connectionLogs.enabled": ("connection_logs.s3.enabled", False),
            "connectionLogs.prefix": ("connection_logs.s3.prefix", ""),
            "desyncMitigationMode": ("routing.http.desync_mitigation_mode", "defensive"),
            "dnsRecordClientRoutingPolicy": ("dns_record.client_routing_policy", "any_availability_zone"),
            "dropInvalidHeaderFields": ("routing.http.drop_invalid_header_fields.enabled", False),
            "enableCrossZoneLoadBalancing": ("load_balancing.cross_zone.enabled", False),
            "enableDeletionProtection": ("deletion_protection.enabled", False),
            "enableHttp2": ("routing.http2.enabled", True),
            "enableTlsVersionAndCipherSuiteHeaders":
                ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", False),
            "enableWafFailOpen": ("waf.fail_open.enabled", False),
            "enableXffClientPort": ("routing.http.xff_client_port.enabled", False),
            "enableZonalShift": ("zonal_shift.config.enabled", False),
            "idleTimeout": ("idle_timeout.timeout_seconds", 60),
            "preserveHostHeader": ("routing.http.preserve_host_header.enabled", False),
            "xffHeaderProcessingMode": ("routing.http.xff_header_processing.mode", "append"),
        })),
    Row("aws:lb/targetGroup:TargetGroup", "elbv2", source="elbv2/target_group.go",
        handler="load_balancing:WithArnSuffix",
        create="create_target_group", read="describe_target_groups", delete="delete_target_group",
        by="TargetGroupArn", items="TargetGroups", id="TargetGroups[0].TargetGroupArn",
        absent="TargetGroupNotFound", name="name", name_max_length=32, tags=_ELB,
        replace="ipAddressType name port protocol protocolVersion targetType vpcId",
        changes=(Change("modify_target_group", "healthCheck"),), forgotten="ipAddressType protocolVersion",
        names={"name": "Name|TargetGroupName", "healthCheck": ".",
               "healthCheck.enabled": "HealthCheckEnabled",
               "healthCheck.healthyThreshold": "HealthyThresholdCount",
               "healthCheck.interval": "HealthCheckIntervalSeconds",
               "healthCheck.matcher": "Matcher.HttpCode",
               "healthCheck.path": "HealthCheckPath", "healthCheck.port": "HealthCheckPort",
               "healthCheck.protocol": "HealthCheckProtocol",
               "healthCheck.timeout": "HealthCheckTimeoutSeconds",
               "healthCheck.unhealthyThreshold": "UnhealthyThresholdCount"},
        defaults={"healthCheck.enabled": True, "healthCheck.healthyThreshold": 3, "healthCheck.interval": 30,
                  "healthCheck.port": "traffic-port", "healthCheck.protocol": "HTTP",
                  "healthCheck.unhealthyThreshold": 3, "stickiness.enabled": True, "targetType": "instance"},
        computed={"ipAddressType": "ipv4", "protocolVersion": "HTTP1"},
        only_if_asked="healthCheck.matcher healthCheck.path healthCheck.timeout",
        outputs={"arn": "TargetGroupArn", "loadBalancerArns": "LoadBalancerArns"},
        attributes=Attributes("describe_target_group_attributes", "modify_target_group_attributes", {
            "connectionTermination": ("deregistration_delay.connection_termination.enabled", False),
            "deregistrationDelay": ("deregistration_delay.timeout_seconds", 300),
            "loadBalancingAlgorithmType": ("load_balancing.algorithm.type", "round_robin"),
            "loadBalancingAnomalyMitigation": ("load_balancing.algorithm.anomaly_mitigation", "off"),
            "loadBalancingCrossZoneEnabled":
                ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
            "preserveClientIp": ("preserve_client_ip.enabled", ""),
            "proxyProtocolV2": ("proxy_protocol_v2.enabled", False),
            "slowStart": ("slow_start.duration_seconds", 0),
            "stickiness.cookieDuration": ("stickiness.lb_cookie.duration_seconds", 86400),
            "stickiness.cookieName": ("stickiness.app_cookie.cookie_name", ""),
            "stickiness.enabled": ("stickiness.enabled", False),
            "stickiness.type": ("stickiness.type", "lb_cookie"),
        })),
    Row("aws:lb/listener:Listener", "elbv2", source="elbv2/listener.go",
        handler="load_balancing:Listener",
        create="create_listener", read="describe_listeners", delete="delete_listener",
        by="ListenerArn", items="Listeners", id="Listeners[0].ListenerArn", tags=_ELB,
        absent="ListenerNotFound LoadBalancerNotFound", replace="loadBalancerArn",
        changes=(Change("modify_listener",
                        "alpnPolicy certificateArn defaultActions port protocol sslPolicy"),),
        forgotten="alpnPolicy",
        names={"certificateArn": "Certificates.CertificateArn",
               **{f"defaultActions.{path}": member for path, member in _ACTION_NAMES.items()}},
        defaults={f"defaultActions.{path}": value for path, value in _ACTION_DEFAULTS.items()},
        only_if_asked="defaultActions.order", outputs={"arn": "ListenerArn"},
        attributes=Attributes("describe_listener_attributes", "modify_listener_attributes", {
            "routingHttpResponseStrictTransportSecurityHeaderValue":
                ("routing.http.response.strict_transport_security.header_value", ""),
            "tcpIdleTimeoutSeconds": ("tcp.idle_timeout.seconds", 0),
        })),
    Row("aws:lb/listenerCertificate:ListenerCertificate", "elbv2", source="elbv2/listener_certificate.go",
        handler="recorded:Recorded", create="add_listener_certificates", read="", delete="",
        id="{listenerArn}_{certificateArn}", replace="certificateArn listenerArn",
        names={"certificateArn": "Certificates.CertificateArn"}),
    Row("aws:lb/listenerRule:ListenerRule", "elbv2", source="elbv2/listener_rule.go",
        handler="load_balancing:ListenerRule",
        create="create_rule", read="describe_rules", delete="delete_rule",
        by="RuleArn|RulePriorities.RuleArn", items="Rules", id="Rules[0].RuleArn", tags=_ELB,
        absent="ListenerNotFound RuleNotFound", replace="listenerArn", sets="conditions transforms",
        changes=(Change("set_rule_priorities", "priority"),
                 Change("modify_rule", "actions conditions transforms")),
        names={"conditions.hostHeader": "HostHeaderConfig", "conditions.pathPattern": "PathPatternConfig",
               "priority": "Priority|RulePriorities.Priority",
               **{f"actions.{path}": member for path, member in _ACTION_NAMES.items()}},
        defaults={f"actions.{path}": value for path, value in _ACTION_DEFAULTS.items()},
        only_if_asked="actions.order", outputs={"arn": "RuleArn", "priority": "to_number(Priority)"}),
)

_IDENTITY = (
    Row("aws:iam/role:Role", "iam", source="iam/role.go",
        create="create_role", read="get_role", delete="delete_role", items="[Role]", id="{name}",
        listing="list_roles", listed="Roles", absent="NoSuchEntity", name="name", name_max_length=64,
        replace="name path", policies="assumeRolePolicy",
        changes=(Change("update_assume_role_policy", "assumeRolePolicy"),
                 Change("update_role", "description maxSessionDuration"),
                 Change("put_role_permissions_boundary", "permissionsBoundary",
                        reset="delete_role_permissions_boundary")),
        names={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument|PolicyDocument"},
        defaults={"maxSessionDuration": 3600, "path": "/"},
        outputs={"arn": "Arn", "createDate": "CreateDate", "uniqueId": "RoleId",
                 "permissionsBoundary": "PermissionsBoundary.PermissionsBoundaryArn"},
        tags=Tags("list_role_tags", "tag_role", "untag_role", "RoleName")),
    Row("aws:iam/rolePolicy:RolePolicy", "iam", source="iam/role_policy.go",
        handler="iam:RolePolicy", create="put_role_policy", read="get_role_policy",
        delete="delete_role_policy", id="{role}:{name}", absent="NoSuchEntity", name="name",
        name_max_length=128, replace="name role", policies="policy",
        changes=(Change("put_role_policy", "policy"),),
        names={"name": "PolicyName", "policy": "PolicyDocument", "role": "RoleName"}),
    Row("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "iam",
        source="iam/role_policy_attachment.go", create="attach_role_policy",
        read="list_attached_role_policies", delete="detach_role_policy", items="AttachedPolicies",
        id="{role}/{policyArn}", absent="NoSuchEntity", replace="policyArn role", forgotten="role",
        names={"role": "RoleName"}),
    Row("aws:iam/instanceProfile:InstanceProfile", "iam", source="iam/instance_profile.go",
        handler="iam:InstanceProfile", create="create_instance_profile", read="get_instance_profile",
        delete="delete_instance_profile", items="[InstanceProfile]", id="{name}",
        listing="list_instance_profiles", listed="InstanceProfiles", absent="NoSuchEntity", name="name",
        name_max_length=128, replace="name path",
        changes=(Change("add_role_to_instance_profile", "role"),),
        names={"name": "InstanceProfileName", "role": "RoleName"}, defaults={"path": "/"},
        outputs={"arn": "Arn", "role": "Roles[0].RoleName"},
        tags=Tags("list_instance_profile_tags", "tag_instance_profile", "untag_instance_profile",
                  "InstanceProfileName")),
    Row("aws:acm/certificate:Certificate", "acm", source="acm/certificate.go",
        handler="certificates:Certificate", create="request_certificate", read="describe_certificate",
        delete="delete_certificate", by="CertificateArn", items="[Certificate]", id="CertificateArn",
        listing="list_certificates", listed="CertificateSummaryList", absent="ResourceNotFoundException",
        tags=_ACM, replace="domainName keyAlgorithm subjectAlternativeNames validationMethod",
        sets="subjectAlternativeNames", forgotten="keyAlgorithm",
        computed={"keyAlgorithm": "RSA_2048"},
        outputs={"arn": "CertificateArn", "notAfter": "NotAfter", "notBefore": "NotBefore",
                 "status": "Status", "type": "Type",
                 "validationMethod": "DomainValidationOptions[0].ValidationMethod"}),
    # Nothing on AWS but the wait, and the emulator issues at once.
    Row("aws:acm/certificateValidation:CertificateValidation", "acm", source="acm/certificate_validation.go",
        create="describe_certificate", read="describe_certificate", delete="", id="{certificateArn}",
        items="[Certificate][?Status=='ISSUED']", absent="ResourceNotFoundException",
        replace="certificateArn validationRecordFqdns", names={"validationRecordFqdns": ""},
        forgotten="validationRecordFqdns"),
    Row("aws:route53/record:Record", "route53", source="route53/record.go", handler="route53:Record",
        create="change_resource_record_sets", read="list_resource_record_sets", delete="",
        id="{zoneId}_{name}_{type}", absent="NoSuchHostedZone",
        # A new type is a new id, so a new record here.
        replace="name type zoneId", changes=(Change("", "aliases records ttl"),), settled="allowOverwrite",
        names={"aliases": "AliasTarget", "aliases.name": "DNSName", "aliases.zoneId": "HostedZoneId",
               "zoneId": "", "records": "ResourceRecords"}, sets="records"),
)

_ECS_FORGETS = ("availabilityZoneRebalancing enableEcsManagedTags orderedPlacementStrategies "
                "placementConstraints propagateTags serviceConnectConfiguration serviceRegistries "
                "volumeConfiguration")

_CONTAINERS = (
    Row("aws:ecs/cluster:Cluster", "ecs", source="ecs/cluster.go",
        create="create_cluster", read="describe_clusters", delete="delete_cluster", by="cluster",
        items="clusters[?status=='ACTIVE']", id="cluster.clusterArn", listing="list_clusters",
        listed="clusterArns", absent="ClusterNotFoundException", name="name", tags=_BY_ARN, replace="name",
        changes=(Change("update_cluster", "configuration serviceConnectDefaults settings"),),
        names={"name": "clusterName"}, sets="settings", forgotten="serviceConnectDefaults",
        arguments={"describe_clusters": {"include": ["SETTINGS", "CONFIGURATIONS"]}},
        outputs={"arn": "clusterArn"}),
    Row("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "ecs",
        source="ecs/cluster_capacity_providers.go", create="put_cluster_capacity_providers",
        read="describe_clusters", delete="put_cluster_capacity_providers", id="{clusterName}",
        items="clusters[?status=='ACTIVE' && capacityProviders]", absent="ClusterNotFoundException",
        replace="clusterName", names={"clusterName": "cluster|clusterName"},
        changes=(Change("put_cluster_capacity_providers",
                        "capacityProviders defaultCapacityProviderStrategies"),),
        # Its deletion puts an empty list.
        arguments={"put_cluster_capacity_providers":
                   {"capacityProviders": [], "defaultCapacityProviderStrategy": []}},
        sets="capacityProviders defaultCapacityProviderStrategies"),
    Row("aws:ecs/taskDefinition:TaskDefinition", "ecs", source="ecs/task_definition.go",
        handler="ecs_task_definition:TaskDefinition", create="register_task_definition",
        read="describe_task_definition", delete="deregister_task_definition", by="taskDefinition",
        items="[merge(taskDefinition, {tags: tags})][?status=='ACTIVE']",
        id="taskDefinition.taskDefinitionArn", absent="ClientException", tags=_ECS,
        replace="containerDefinitions cpu enableFaultInjection ephemeralStorage executionRoleArn family "
                "ipcMode memory networkMode pidMode placementConstraints requiresCompatibilities "
                "runtimePlatform taskRoleArn volumes",
        settled="skipDestroy trackLatest", defaults={"skipDestroy": False, "trackLatest": False},
        sets="placementConstraints requiresCompatibilities volumes", forgotten="enableFaultInjection",
        names={"volumes.hostPath": "host.sourcePath", "volumes.configureAtLaunch": "configuredAtLaunch"},
        arguments={"describe_task_definition": {"include": ["TAGS"]}},
        outputs={"arn": "taskDefinitionArn", "revision": "revision"}),
    Row("aws:ecs/service:Service", "ecs", source="ecs/service.go", handler="ecs_service:Service",
        create="create_service", read="describe_services", delete="delete_service", by="service|services",
        items="services[?status=='ACTIVE']", id="service.serviceArn", absent=GONE, name="name", tags=_ECS,
        replace="cluster deploymentController iamRole launchType name schedulingStrategy",
        changes=(Change("update_service",
                        "capacityProviderStrategies desiredCount enableExecuteCommand "
                        "healthCheckGracePeriodSeconds loadBalancers networkConfiguration platformVersion "
                        f"taskDefinition {_ECS_FORGETS} {DEPLOYMENT} {OWN}"),),
        settled="forceDelete",
        names={"alarms": "deploymentConfiguration.alarms", "cluster": "cluster|clusterArn",
               "deploymentCircuitBreaker": "deploymentConfiguration.deploymentCircuitBreaker",
               "deploymentConfiguration": ".",
               **{f"deploymentConfiguration.{key}": f"deploymentConfiguration.{key}"
                  for key in ("bakeTimeInMinutes", "canaryConfiguration", "lifecycleHooks",
                              "linearConfiguration", "strategy")},
               "deploymentMaximumPercent": "deploymentConfiguration.maximumPercent",
               "deploymentMinimumHealthyPercent": "deploymentConfiguration.minimumHealthyPercent",
               "iamRole": "role|roleArn", "loadBalancers.elbName": "loadBalancerName", "name": "serviceName",
               "networkConfiguration": "networkConfiguration.awsvpcConfiguration",
               "orderedPlacementStrategies": "placementStrategy",
               "serviceConnectConfiguration.services.clientAlias": "clientAliases",
               "volumeConfiguration.managedEbsVolume.sizeInGb": "sizeInGiB"},
        sets="alarms capacityProviderStrategies loadBalancers networkConfiguration placementConstraints",
        arguments={"describe_services": {"include": ["TAGS"]}},
        defaults={"deploymentMaximumPercent": 200, "deploymentMinimumHealthyPercent": 100,
                  "enableEcsManagedTags": False, "enableExecuteCommand": False,
                  "networkConfiguration.assignPublicIp": False, "schedulingStrategy": "REPLICA",
                  "waitForSteadyState": False},
        forgotten=f"{_ECS_FORGETS} {OWN}", outputs={"arn": "serviceArn"},
        computed={"availabilityZoneRebalancing": "ENABLED",
                  "deploymentConfiguration": {"strategy": "ROLLING", "bakeTimeInMinutes": "0"},
                  "iamRole": "/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
                  "platformVersion": "LATEST", "propagateTags": "NONE"}),
    # No instances, so nothing to scale: what is asked for is all that there is.
    Row("aws:ecs/capacityProvider:CapacityProvider", "ecs", source="ecs/capacity_provider.go",
        create="create_capacity_provider", read="describe_capacity_providers",
        delete="delete_capacity_provider", by="capacityProvider|capacityProviders", items="capacityProviders",
        id="capacityProvider.capacityProviderArn", absent="InvalidParameterException", name="name",
        tags=_BY_ARN, replace="cluster name",
        changes=(Change("", "autoScalingGroupProvider managedInstancesProvider"),),
        forgotten="autoScalingGroupProvider cluster managedInstancesProvider",
        outputs={"arn": "capacityProviderArn"}),
    Row("aws:ecr/repository:Repository", "ecr", source="ecr/repository.go",
        handler="ecr:Repository", create="create_repository", read="describe_repositories",
        delete="delete_repository", items="repositories", id="{name}", absent="RepositoryNotFoundException",
        name="name", name_max_length=256, tags=_BY_ARN, replace="encryptionConfigurations name",
        settled="forceDelete", names={"forceDelete": "force", "name": "repositoryName"},
        changes=(Change("put_image_scanning_configuration", "imageScanningConfiguration"),
                 Change("put_image_tag_mutability", "imageTagMutability imageTagMutabilityExclusionFilters")),
        defaults={"forceDelete": False, "imageTagMutability": "MUTABLE"},
        outputs={"arn": "repositoryArn", "registryId": "registryId"},
        only_if_asked="encryptionConfigurations.kmsKey", forgotten="imageTagMutabilityExclusionFilters"),
    Row("aws:ecr/lifecyclePolicy:LifecyclePolicy", "ecr", source="ecr/lifecycle_policy.go",
        create="put_lifecycle_policy", read="get_lifecycle_policy", delete="delete_lifecycle_policy",
        id="{repository}", absent="RepositoryNotFoundException LifecyclePolicyNotFoundException",
        replace="policy repository", json="policy", outputs={"registryId": "registryId"},
        names={"policy": "lifecyclePolicyText", "repository": "repositoryName"},
        # A repository has one: to delete the old one after making the new one would delete the new one.
        delete_before_replace=True),
)

_MONITORING = (
    Row("aws:cloudwatch/logGroup:LogGroup", "logs", source="logs/group.go",
        create="create_log_group", read="describe_log_groups", delete="delete_log_group", items="logGroups",
        id="{name}", absent="ResourceNotFoundException", name="name", name_max_length=512,
        replace="logGroupClass name",
        changes=(Change("put_retention_policy", "retentionInDays", reset="delete_retention_policy"),
                 # MiniStack takes a key at creation alone.
                 Change("", "kmsKeyId")), forgotten="kmsKeyId",
        names={"name": "logGroupName|logGroupNamePrefix"},
        defaults={"retentionInDays": 0},
        outputs={"arn": "logGroupArn"},
        tags=_BY_ARN),
    Row("aws:cloudwatch/metricAlarm:MetricAlarm", "cloudwatch", source="cloudwatch/metric_alarm.go",
        create="put_metric_alarm", read="describe_alarms", delete="delete_alarms", items="MetricAlarms",
        id="{name}", absent="ResourceNotFound", name="name", tags=_CLOUDWATCH, replace="name",
        changes=(Change("put_metric_alarm",
                        "actionsEnabled alarmActions alarmDescription comparisonOperator datapointsToAlarm "
                        "dimensions evaluateLowSampleCountPercentiles evaluationPeriods extendedStatistic "
                        "insufficientDataActions metricName metricQueries namespace okActions period "
                        "statistic threshold treatMissingData unit"),),
        names={"name": "AlarmName", "metricQueries": "Metrics", "metricQueries.metric": "MetricStat",
               "metricQueries.metric.dimensions": "Metric.Dimensions",
               "metricQueries.metric.metricName": "Metric.MetricName",
               "metricQueries.metric.namespace": "Metric.Namespace"},
        defaults={"actionsEnabled": True, "metricQueries.returnData": False, "treatMissingData": "missing"},
        sets="alarmActions insufficientDataActions okActions metricQueries",
        # MiniStack computes no metric math, and makes up what an alarm of that kind has not.
        forgotten="evaluateLowSampleCountPercentiles metricQueries",
        only_if_asked="dimensions period statistic", outputs={"arn": "AlarmArn"}),
    Row("aws:cloudwatch/compositeAlarm:CompositeAlarm", "cloudwatch", source="cloudwatch/composite_alarm.go",
        create="put_composite_alarm", read="describe_alarms", delete="delete_alarms", items="CompositeAlarms",
        id="{alarmName}", absent="ResourceNotFound", name="alarmName", tags=_CLOUDWATCH, replace="alarmName",
        changes=(Change("put_composite_alarm", "actionsEnabled alarmActions alarmDescription alarmRule "
                                               "insufficientDataActions okActions"),),
        arguments={"describe_alarms": {"AlarmTypes": ["CompositeAlarm"]}}, defaults={"actionsEnabled": True},
        sets="alarmActions insufficientDataActions okActions", outputs={"arn": "AlarmArn"}),
    Row("aws:cloudwatch/logMetricFilter:LogMetricFilter", "logs", source="logs/metric_filter.go",
        create="put_metric_filter", read="describe_metric_filters", delete="delete_metric_filter",
        items="metricFilters", id="{logGroupName}:{name}", absent="ResourceNotFoundException", name="name",
        replace="logGroupName name", changes=(Change("put_metric_filter", "metricTransformation pattern"),),
        names={"name": "filterName|filterNamePrefix", "pattern": "filterPattern",
               **{f"metricTransformation.{key}": f"metric{key.capitalize()}"
                  for key in ("name", "namespace", "value")}}),
    Row("aws:cloudwatch/eventRule:EventRule", "events", source="events/rule.go", create="put_rule",
        read="describe_rule", delete="delete_rule", id="{name}", listing="list_rules", listed="Rules",
        absent="ResourceNotFoundException", name="name", name_max_length=64, replace="name",
        changes=(Change("put_rule", "description eventPattern scheduleExpression state"),),
        json="eventPattern", defaults={"state": "ENABLED"}, outputs={"arn": "Arn"},
        tags=_CLOUDWATCH),
    Row("aws:cloudwatch/eventTarget:EventTarget", "events", source="events/target.go", create="put_targets",
        read="list_targets_by_rule", delete="remove_targets", items="Targets", id="{rule}/{targetId}",
        absent="ResourceNotFoundException", name="targetId", name_max_length=64, replace="rule targetId",
        changes=(Change("put_targets", "arn input inputPath roleArn"),), json="input", forgotten="rule",
        names={"targetId": "Targets.Id|Ids|Id",
               **{key: f"Targets.{member}|{member}" for key, member in (
                   ("arn", "Arn"), ("input", "Input"), ("inputPath", "InputPath"), ("roleArn", "RoleArn"))}}),
    Row("aws:cloudwatch/dashboard:Dashboard", "cloudwatch", source="cloudwatch/dashboard.go",
        create="put_dashboard", read="get_dashboard", delete="delete_dashboards", id="{dashboardName}",
        absent="ResourceNotFound DashboardNotFoundError", name="dashboardName", replace="dashboardName",
        changes=(Change("put_dashboard", "dashboardBody"),), json="dashboardBody",
        outputs={"dashboardArn": "DashboardArn"}),
    # MiniStack has no saved queries.
    Row("aws:cloudwatch/queryDefinition:QueryDefinition", "logs", source="logs/query_definition.go",
        handler="recorded:Recorded", create="put_query_definition", read="", delete="", id="{name}",
        name="name", changes=(Change("put_query_definition", "logGroupNames name queryString"),)),
    Row("aws:ssm/parameter:Parameter", "ssm", source="ssm/parameter.go",
        create="put_parameter", read="get_parameter", delete="delete_parameter", items="[Parameter]",
        id="{name}", listing="describe_parameters", listed="Parameters",
        absent="InvalidResourceId ParameterNotFound", name="name", tags=_SSM,
        replace="dataType name", forgotten="description",
        changes=(Change("put_parameter", "description insecureValue type", arguments={"Overwrite": True}),),
        names={"insecureValue": "Value"}, outputs={"arn": "ARN", "version": "Version"},
        arguments={operation: {"ResourceType": "Parameter"}
                   for operation in (_SSM.read, _SSM.tag, _SSM.untag)}),
    Row("aws:ssm/activation:Activation", "ssm", source="ssm/activation.go", handler="recorded:Recorded",
        create="create_activation", read="", delete="", id="{iamRole}",
        replace="description expirationDate iamRole name registrationLimit",
        names={"name": "DefaultInstanceName"}, computed={"activationCode": "none-in-the-local-run"},
        tags=Tags("", "", "", "")),
)

_DISCOVERY = (
    *(Row(f"aws:servicediscovery/{kind}Namespace:{kind[0].upper()}{kind[1:]}Namespace", "servicediscovery",
          source="servicediscovery/private_dns_namespace.go", handler="discovery:Namespace",
          create=f"create_{word}_namespace", read="get_namespace", delete="delete_namespace", by="Id",
          items="[Namespace]", id="Operation.Targets.NAMESPACE", key="Id", listing="list_namespaces",
          listed="Namespaces", absent="NamespaceNotFound", tags=_DISCOVERY_TAGS, name="name", replace=replace,
          changes=(Change(f"update_{word}_namespace", "description"),), forgotten=forgotten,
          names={"description": "Description|Namespace.Description"}, outputs={"arn": "Arn", **outputs})
      for kind, word, replace, forgotten, outputs in (
          ("http", "http", "name", "", {"httpName": "Properties.HttpProperties.HttpName"}),
          ("privateDns", "private_dns", "name vpc", "vpc",
           {"hostedZone": "Properties.DnsProperties.HostedZoneId"}))),
    Row("aws:servicediscovery/service:Service", "servicediscovery", source="servicediscovery/service.go",
        create="create_service", read="get_service", delete="delete_service", by="Id", items="[Service]",
        id="Service.Id", listing="list_services", listed="Services", absent="ServiceNotFound",
        tags=_DISCOVERY_TAGS, replace="healthCheckCustomConfig name namespaceId type", settled="forceDestroy",
        # An update on AWS takes a part of both.
        changes=(Change("", "description dnsConfig healthCheckConfig"),),
        forgotten="description dnsConfig healthCheckConfig healthCheckCustomConfig type",
        defaults={"forceDestroy": False}, outputs={"arn": "Arn"}),
)

_SCHEDULES = (
    Row("aws:scheduler/scheduleGroup:ScheduleGroup", "scheduler", source="scheduler/schedule_group.go",
        create="create_schedule_group", read="get_schedule_group", delete="delete_schedule_group",
        id="{name}", listing="list_schedule_groups", listed="ScheduleGroups",
        absent="ResourceNotFoundException", name="name", name_max_length=64, replace="name",
        outputs={"arn": "Arn"},
        tags=Tags("list_tags_for_resource", "tag_resource", "untag_resource", "ResourceArn", by_arn=True)),
    Row("aws:scheduler/schedule:Schedule", "scheduler", source="scheduler/schedule.go",
        create="create_schedule", read="get_schedule", delete="delete_schedule", id="{groupName}/{name}",
        absent="ResourceNotFoundException", name="name", name_max_length=64, replace="groupName name",
        changes=(Change("update_schedule",
                        "actionAfterCompletion description endDate flexibleTimeWindow kmsKeyArn "
                        "scheduleExpression scheduleExpressionTimezone startDate state target"),),
        names={"target.ecsParameters.networkConfiguration": "NetworkConfiguration.awsvpcConfiguration"},
        defaults={"actionAfterCompletion": "NONE", "groupName": "default",
                  "scheduleExpressionTimezone": "UTC", "state": "ENABLED"},
        outputs={"arn": "Arn"}),
    Row("aws:sqs/queue:Queue", "sqs", source="sqs/queue.go", create="create_queue",
        read="get_queue_attributes", delete="delete_queue", by="QueueUrl", items="[Attributes]",
        id="QueueUrl", listing="list_queues", listed="QueueUrls",
        absent="AWS.SimpleQueueService.NonExistentQueue QueueDoesNotExist", name="name", name_max_length=80,
        tags=Tags("list_queue_tags", "tag_queue", "untag_queue", "QueueUrl"), replace="name",
        changes=(Change("set_queue_attributes", "messageRetentionSeconds sqsManagedSseEnabled"),),
        forgotten="name sqsManagedSseEnabled", defaults={"messageRetentionSeconds": 345600},
        arguments={"get_queue_attributes": {"AttributeNames": ["All"]}},
        names={"messageRetentionSeconds": "Attributes.MessageRetentionPeriod|MessageRetentionPeriod",
               "name": "QueueName", "sqsManagedSseEnabled": "Attributes.SqsManagedSseEnabled"},
        outputs={"arn": "QueueArn", "url": "{id}"}),
    Row("aws:sqs/queuePolicy:QueuePolicy", "sqs", source="sqs/queue_policy.go",
        create="set_queue_attributes", read="get_queue_attributes", delete="set_queue_attributes",
        id="{queueUrl}", items="[Attributes][?Policy]",
        absent="AWS.SimpleQueueService.NonExistentQueue QueueDoesNotExist",
        replace="queueUrl", policies="policy", changes=(Change("set_queue_attributes", "policy"),),
        forgotten="queueUrl", names={"policy": "Attributes.Policy|Policy"},
        # Its deletion sets none.
        arguments={"get_queue_attributes": {"AttributeNames": ["All"]},
                   "set_queue_attributes": {"Attributes": {"Policy": ""}}}),
)

_STORAGE = (
    Row("aws:efs/fileSystem:FileSystem", "efs", source="efs/file_system.go",
        handler="file_system:FileSystem", create="create_file_system", read="describe_file_systems",
        delete="delete_file_system", by="FileSystemId", items="FileSystems", id="FileSystemId",
        absent="FileSystemNotFound", tags=_EFS, name="creationToken", name_max_length=64,
        replace="availabilityZoneName creationToken encrypted kmsKeyId performanceMode",
        changes=(Change("update_file_system", "provisionedThroughputInMibps throughputMode"),
                 Change("put_lifecycle_configuration", "lifecyclePolicies")),
        forgotten="lifecyclePolicies", only_if_asked="performanceMode",
        defaults={"throughputMode": "bursting"}, outputs={"arn": "FileSystemArn", "ownerId": "OwnerId"}),
    Row("aws:efs/accessPoint:AccessPoint", "efs", source="efs/access_point.go", create="create_access_point",
        read="describe_access_points", delete="delete_access_point", by="AccessPointId", items="AccessPoints",
        id="AccessPointId", absent="AccessPointNotFound", tags=_EFS, only_if_asked="posixUser rootDirectory",
        replace="fileSystemId posixUser rootDirectory",
        outputs={"arn": "AccessPointArn", "ownerId": "OwnerId"}),
    Row("aws:efs/backupPolicy:BackupPolicy", "efs", source="efs/backup_policy.go", create="put_backup_policy",
        read="describe_backup_policy", delete="", id="{fileSystemId}", replace="fileSystemId",
        changes=(Change("put_backup_policy", "backupPolicy"),), absent="FileSystemNotFound PolicyNotFound",
        forgotten="fileSystemId"),
    Row("aws:efs/fileSystemPolicy:FileSystemPolicy", "efs", source="efs/file_system_policy.go",
        create="put_file_system_policy", read="describe_file_system_policy",
        delete="delete_file_system_policy", id="{fileSystemId}", replace="fileSystemId",
        changes=(Change("put_file_system_policy", "policy"),), absent="FileSystemNotFound PolicyNotFound",
        # EFS adds statement ids and the resource, which the provider evens out.
        settled="bypassPolicyLockoutSafetyCheck", forgotten="policy"),
    Row("aws:efs/mountTarget:MountTarget", "efs", source="efs/mount_target.go", create="create_mount_target",
        read="describe_mount_targets", delete="delete_mount_target", by="MountTargetId", items="MountTargets",
        id="MountTargetId", absent="MountTargetNotFound", replace="fileSystemId ipAddress subnetId",
        changes=(Change("modify_mount_target_security_groups", "securityGroups"),),
        forgotten="securityGroups",
        # A file system has one in each zone.
        delete_before_replace=True),
)

# No instances run here: the emulator keeps what they would be made of, or forgets it.
_TEMPLATE = ("blockDeviceMappings ebsOptimized iamInstanceProfile imageId instanceRequirements instanceType "
             "keyName metadataOptions monitoring networkInterfaces tagSpecifications userData "
             "vpcSecurityGroupIds")
_GROUP = ("capacityRebalance defaultInstanceWarmup desiredCapacity healthCheckGracePeriod healthCheckType "
          "launchTemplate maxInstanceLifetime mixedInstancesPolicy protectFromScaleIn tags "
          "terminationPolicies vpcZoneIdentifiers")

_INSTANCES = (
    _ec2("aws:ec2/launchTemplate:LaunchTemplate", "launch_template", source="ec2/ec2_launch_template.go",
         absent="InvalidLaunchTemplateId.NotFound InvalidLaunchTemplateId.NotFoundException", name="name",
         name_max_length=128, replace="name", settled="updateDefaultVersion",
         changes=(Change("create_launch_template_version", f"description {_TEMPLATE}"),),
         forgotten=f"description {_TEMPLATE}",
         names={"description": "VersionDescription", "name": "LaunchTemplateName",
                **{key: f"LaunchTemplateData.{key[0].upper()}{key[1:]}" for key in _TEMPLATE.split()},
                "networkInterfaces.securityGroups": "Groups",
                "vpcSecurityGroupIds": "LaunchTemplateData.SecurityGroupIds"},
         outputs={"defaultVersion": "DefaultVersionNumber", "latestVersion": "LatestVersionNumber"}),
    Row("aws:autoscaling/group:Group", "autoscaling", source="autoscaling/group.go",
        create="create_auto_scaling_group", read="describe_auto_scaling_groups",
        delete="delete_auto_scaling_group", id="{name}", items="AutoScalingGroups", absent="ValidationError",
        name="name", replace="name", settled="forceDelete instanceRefresh waitForCapacityTimeout",
        changes=(Change("update_auto_scaling_group", "maxSize minSize"), Change("", _GROUP)),
        forgotten=_GROUP, defaults={"forceDelete": False, "protectFromScaleIn": False},
        names={"launchTemplate.id": "LaunchTemplateId", "launchTemplate.name": "LaunchTemplateName",
               "name": "AutoScalingGroupName|AutoScalingGroupNames",
               "protectFromScaleIn": "NewInstancesProtectedFromScaleIn"},
        outputs={"arn": "AutoScalingGroupARN"}),
    Row("aws:autoscaling/schedule:Schedule", "autoscaling", source="autoscaling/schedule.go",
        create="put_scheduled_update_group_action", read="describe_scheduled_actions",
        delete="delete_scheduled_action", id="{autoscalingGroupName}/{scheduledActionName}",
        items="ScheduledUpdateGroupActions", absent="ValidationError",
        replace="autoscalingGroupName scheduledActionName",
        changes=(Change("put_scheduled_update_group_action",
                        "desiredCapacity endTime maxSize minSize recurrence startTime timeZone"),),
        # -1 stands for what stays as it is, and AWS is not told of it.
        forgotten="desiredCapacity maxSize minSize",
        names={"scheduledActionName": "ScheduledActionName|ScheduledActionNames"},
        outputs={"arn": "ScheduledActionARN"}),
)

_SCALED_BY = "resourceId scalableDimension serviceNamespace"

# MiniStack has web ACLs, but neither their logs nor anything that looks at requests.
_FIREWALL = (
    Row("aws:wafv2/webAcl:WebAcl", "wafv2", source="wafv2/web_acl.go", handler="recorded:Recorded",
        create="create_web_acl", read="", delete="", id="{name}", replace="name scope", name="name",
        name_max_length=128, tags=Tags("", "", "", ""),
        computed={"arn": "arn:aws:wafv2:us-east-1:000000000000:regional/webacl/recorded/none"},
        changes=(Change("create_web_acl", "defaultAction description rules visibilityConfig"),)),
    Row("aws:wafv2/webAclAssociation:WebAclAssociation", "wafv2", source="wafv2/web_acl_association.go",
        handler="recorded:Recorded", create="associate_web_acl", read="", delete="",
        id="{webAclArn},{resourceArn}", replace="resourceArn webAclArn"),
    Row("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", "wafv2",
        source="wafv2/web_acl_logging_configuration.go", handler="recorded:Recorded",
        create="put_logging_configuration", read="", delete="", id="{resourceArn}", replace="resourceArn",
        names={name: f"LoggingConfiguration.{name[0].upper()}{name[1:]}"
               for name in ("logDestinationConfigs", "loggingFilter", "redactedFields", "resourceArn")},
        changes=(Change("put_logging_configuration", "logDestinationConfigs loggingFilter redactedFields"),)),
)

_AUTOSCALING = (
    Row("aws:appautoscaling/target:Target", "application-autoscaling",
        source="appautoscaling/target.go", handler="recorded:Recorded", create="register_scalable_target",
        read="", delete="", id="{resourceId}", replace=_SCALED_BY,
        changes=(Change("register_scalable_target", "maxCapacity minCapacity roleArn suspendedState"),),
        tags=Tags("", "tag_resource", "untag_resource", "ResourceARN")),
    Row("aws:appautoscaling/policy:Policy", "application-autoscaling",
        source="appautoscaling/policy.go", handler="recorded:Recorded", create="put_scaling_policy",
        read="", delete="", id="{serviceNamespace}/{resourceId}/{scalableDimension}/{name}",
        replace=f"name {_SCALED_BY}", name="name", names={"name": "PolicyName"},
        defaults={"policyType": "StepScaling"},
        changes=(Change("put_scaling_policy", "policyType targetTrackingScalingPolicyConfiguration"),)),
    Row("aws:appautoscaling/scheduledAction:ScheduledAction", "application-autoscaling",
        source="appautoscaling/scheduled_action.go", handler="recorded:Recorded",
        create="put_scheduled_action", read="", delete="", id="{name}/{serviceNamespace}/{resourceId}",
        replace=f"name {_SCALED_BY}", name="name", names={"name": "ScheduledActionName"},
        defaults={"timezone": "UTC"},
        changes=(Change("put_scheduled_action",
                        "endTime scalableTargetAction schedule startTime timezone"),)),
)

# fmt: on

ROWS: Final = {
    row.token: row
    for row in (
        *_NETWORK, *_LOAD_BALANCING, *_IDENTITY, *_CONTAINERS, *_MONITORING, *_DISCOVERY, *_SCHEDULES,
        *_STORAGE, *_INSTANCES, *_AUTOSCALING, *_FIREWALL,
    )
}  # fmt: skip
"""Every row by its token."""
