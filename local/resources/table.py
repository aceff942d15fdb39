"""The table of simple resource types."""

from __future__ import annotations

from typing import Any, Final

from local.resources.ecs import DEPLOYMENT_PROPERTIES, PROVIDER_PROPERTIES, SERVICE_NOT_FOUND
from local.resources.row import Attributes, Change, Row, Tags

# One argument on each line would hide the table.
# fmt: off

_ACM = Tags("list_tags_for_certificate", "add_tags_to_certificate", "remove_tags_from_certificate",
            "CertificateArn", keys_argument="Tags")
_CLOUDWATCH = Tags("list_tags_for_resource", "tag_resource", "untag_resource", "ResourceARN", by_arn=True)
_ECS = Tags("", "tag_resource", "untag_resource", "resourceArn", answer_path="tags", tags_argument="tags",
            keys_argument="tagKeys")
_EC2 = Tags("", "create_tags", "delete_tags", "Resources", keys_argument="Tags")
_BY_ARN = Tags("list_tags_for_resource", "tag_resource", "untag_resource", "resourceArn", by_arn=True,
               answer_path="tags", tags_argument="tags", keys_argument="tagKeys")
_EFS = Tags("", "tag_resource", "untag_resource", "ResourceId")
_ELB = Tags("describe_tags", "add_tags", "remove_tags", "ResourceArns", answer_path="TagDescriptions[0].Tags")
_DISCOVERY_TAGS = Tags("list_tags_for_resource", "tag_resource", "untag_resource", "ResourceARN", by_arn=True)
_SSM = Tags("list_tags_for_resource", "add_tags_to_resource", "remove_tags_from_resource", "ResourceId",
            answer_path="TagList")


def _ec2(token: str, noun: str, **columns: Any) -> Row:
    """Return a row of an EC2 type, whose operations and members all follow one pattern."""
    name = "".join(word.capitalize() for word in noun.split("_"))
    kind = columns.pop("kind", noun.replace("_", "-"))
    outputs = {"arn": f"{kind}/{{id}}"} | columns.pop("outputs", {})
    usual: dict[str, Any] = {
        "create": f"create_{noun}", "read": f"describe_{noun}s", "delete": f"delete_{noun}",
        "id_argument": f"{name}Id", "items": f"{name}s", "id": f"{name}.{name}Id",
        "tags": _EC2, "tag_specification": kind, "outputs": outputs,
    }
    return Row(token, "ec2", **{**usual, **columns})


_NETWORK = (
    _ec2("aws:ec2/vpc:Vpc", "vpc", source="ec2/vpc_.go", handler="small_handlers:Vpc",
         not_found="InvalidVpcID.NotFound", replace="cidrBlock", not_returned="assignGeneratedIpv6CidrBlock",
         changes=(Change("modify_vpc_attribute", "enableDnsHostnames"),
                  Change("", "assignGeneratedIpv6CidrBlock")),
         members={"assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock",
                  "enableDnsHostnames": "EnableDnsHostnames.Value"}),
    _ec2("aws:ec2/subnet:Subnet", "subnet", source="ec2/vpc_subnet.go", not_found="InvalidSubnetID.NotFound",
         replace="availabilityZone cidrBlock vpcId", not_returned="assignIpv6AddressOnCreation ipv6CidrBlock",
         changes=(Change("modify_subnet_attribute", "mapPublicIpOnLaunch"),
                  Change("modify_subnet_attribute", "assignIpv6AddressOnCreation"),
                  Change("", "ipv6CidrBlock")),
         members={"assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation.Value",
                  "mapPublicIpOnLaunch": "MapPublicIpOnLaunch.Value"},
         defaults={"assignIpv6AddressOnCreation": False, "mapPublicIpOnLaunch": False},
         outputs={"availabilityZoneId": "AvailabilityZoneId"}),
    _ec2("aws:ec2/internetGateway:InternetGateway", "internet_gateway", source="ec2/vpc_internet_gateway.go",
         not_found="InvalidInternetGatewayID.NotFound Gateway.NotAttached",
         changes=(Change("attach_internet_gateway", "vpcId", detach="detach_internet_gateway"),),
         outputs={"vpcId": "Attachments[0].VpcId"}),
    _ec2("aws:ec2/routeTable:RouteTable", "route_table", source="ec2/vpc_route_table.go",
         not_found="InvalidRouteTableID.NotFound", replace="vpcId"),
    _ec2("aws:ec2/eip:Eip", "address", source="ec2/ec2_eip.go", create="allocate_address",
         read="describe_addresses", delete="release_address", id_argument="AllocationId", items="Addresses",
         id="AllocationId", kind="elastic-ip", not_found="InvalidAllocationID.NotFound", replace="domain",
         defaults={"domain": "vpc"}, outputs={"allocationId": "AllocationId", "publicIp": "PublicIp"}),
    _ec2("aws:ec2/natGateway:NatGateway", "nat_gateway", source="ec2/vpc_nat_gateway.go", kind="natgateway",
         items="NatGateways[?State!='deleted']", not_found="NatGatewayNotFound",
         replace="allocationId subnetId", not_returned="allocationId", outputs={"vpcId": "VpcId"}),
    Row("aws:ec2/routeTableAssociation:RouteTableAssociation", "ec2",
        # On AWS another table is a change in place, after which the association has another id.
        source="ec2/vpc_route_table_association.go", create="associate_route_table",
        read="describe_route_tables", delete="disassociate_route_table", id_argument="AssociationId",
        items="RouteTables[].Associations[]", id="AssociationId", id_member="RouteTableAssociationId",
        not_found="InvalidAssociationID.NotFound", replace="routeTableId subnetId",
        delete_before_replace=True),
    Row("aws:ec2/route:Route", "ec2", source="ec2/vpc_route.go", create="create_route",
        read="describe_route_tables", delete="delete_route", items="RouteTables[].Routes[]",
        id="{routeTableId}_{destinationCidrBlock}_{destinationIpv6CidrBlock}",
        not_found="InvalidRouteTableID.NotFound InvalidRoute.NotFound",
        replace="destinationCidrBlock destinationIpv6CidrBlock routeTableId",
        changes=(Change("replace_route", "gatewayId natGatewayId"),),
        outputs={"state": "State"},
        # MiniStack drops an IPv6 destination: its route is the one without any.
        not_returned="destinationIpv6CidrBlock routeTableId"),
    _ec2("aws:ec2/securityGroup:SecurityGroup", "security_group", source="ec2/vpc_security_group.go",
         handler="security_groups:SecurityGroup", id_argument="GroupId", id="GroupId",
         not_found="InvalidGroup.NotFound", replace="description name vpcId", name="name",
         members={"name": "GroupName"}, defaults={"description": "Managed by Pulumi"}),
    _ec2("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "security_group",
         source="ec2/vpc_default_security_group.go", handler="security_groups:DefaultSecurityGroup",
         id_argument="GroupId", id="GroupId", not_found="InvalidGroup.NotFound", replace="vpcId",
         changes=(Change("", "egress ingress"),),
         members={"egress": "IpPermissionsEgress", "ingress": "IpPermissions"},
         outputs={"description": "Description", "name": "GroupName"}),
    *(_ec2(f"aws:vpc/securityGroup{word}Rule:SecurityGroup{word}Rule", "security_group_rule",
           # AWS changes a referenced group in place; MiniStack ignores that.
           source="ec2/vpc_security_group_ingress_rule.go", handler="security_groups:SecurityGroupRule",
           create=f"authorize_security_group_{word.lower()}", delete=f"revoke_security_group_{word.lower()}",
           id="SecurityGroupRules[0].SecurityGroupRuleId",
           not_found="InvalidGroup.NotFound InvalidSecurityGroupRuleId.NotFound",
           replace="referencedSecurityGroupId securityGroupId", members={"securityGroupId": "GroupId"},
           changes=(Change("", "cidrIpv4 cidrIpv6 description fromPort ipProtocol toPort"),),
           outputs={"arn": "SecurityGroupRuleArn", "securityGroupRuleId": "SecurityGroupRuleId",
                    "referencedSecurityGroupId": "ReferencedGroupInfo.GroupId"})
      for word in ("Ingress", "Egress")),
    _ec2("aws:ec2/vpcEndpoint:VpcEndpoint", "vpc_endpoint", source="ec2/vpc_endpoint.go",
         delete="delete_vpc_endpoints", not_found="InvalidVpcEndpointId.NotFound",
         replace="serviceName vpcEndpointType vpcId", defaults={"vpcEndpointType": "Gateway"},
         # MiniStack's endpoints route no traffic, so there is nothing to change.
         changes=(Change("", "privateDnsEnabled routeTableIds securityGroupIds subnetIds"),),
         not_returned="privateDnsEnabled routeTableIds securityGroupIds subnetIds",
         sets="routeTableIds securityGroupIds subnetIds"),
    _ec2("aws:ec2/flowLog:FlowLog", "flow_log", source="ec2/vpc_flow_log.go", create="create_flow_logs",
         delete="delete_flow_logs", id="FlowLogIds[0]", id_member="FlowLogId",
         # MiniStack's name of the type; AWS's is vpc-flow-log.
         kind="flow-log", not_found="InvalidFlowLogId.NotFound",
         replace="iamRoleArn logDestination logDestinationType trafficType vpcId",
         members={"iamRoleArn": "DeliverLogsPermissionArn", "vpcId": "ResourceIds|ResourceId"},
         arguments={"create_flow_logs": {"ResourceType": "VPC"}},
         defaults={"logDestinationType": "cloud-watch-logs"}, not_returned="iamRoleArn"),
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
        handler="load_balancing:WithArnSuffix", create="create_load_balancer", read="describe_load_balancers",
        delete="delete_load_balancer", id_argument="LoadBalancerArn", items="LoadBalancers",
        id="LoadBalancers[0].LoadBalancerArn", not_found="LoadBalancerNotFound", name="name",
        name_max_length=32, tags=_ELB, replace="internal loadBalancerType name",
        sets="securityGroups subnetMappings subnets", only_if_configured="subnets",
        changes=(Change("set_ip_address_type", "ipAddressType"),
                 Change("set_subnets", "subnetMappings subnets"),
                 Change("set_security_groups", "securityGroups")), not_returned="subnetMappings",
        members={"internal": "Scheme", "loadBalancerType": "Type", "name": "Name|LoadBalancerName"},
        defaults={"internal": False, "loadBalancerType": "application"},
        outputs={"arn": "LoadBalancerArn", "dnsName": "DNSName", "internal": "Scheme=='internal'",
                 "subnets": "AvailabilityZones[].SubnetId", "vpcId": "VpcId",
                 "zoneId": "CanonicalHostedZoneId"},
        attributes=Attributes("describe_load_balancer_attributes", "modify_load_balancer_attributes", {
            "accessLogs.bucket": ("access_logs.s3.bucket", ""),
            "accessLogs.enabled": ("access_logs.s3.enabled", False),
            "accessLogs.prefix": ("access_logs.s3.prefix", ""),
            "connectionLogs.bucket": ("connection_logs.s3.bucket", ""),
            "connectionLogs.enabled": ("connection_logs.s3.enabled", False),
            "connectionLogs.prefix": ("connection_logs.s3.prefix", ""),
            "desyncMitigationMode": ("routing.http.desync_mitigation_mode", "defensive"),
            "dropInvalidHeaderFields": ("routing.http.drop_invalid_header_fields.enabled", False),
            "enableCrossZoneLoadBalancing": ("load_balancing.cross_zone.enabled", False),
            "enableDeletionProtection": ("deletion_protection.enabled", False),
            "idleTimeout": ("idle_timeout.timeout_seconds", 60),
        })),
    Row("aws:lb/targetGroup:TargetGroup", "elbv2", source="elbv2/target_group.go",
        handler="load_balancing:WithArnSuffix", create="create_target_group", read="describe_target_groups",
        delete="delete_target_group", id_argument="TargetGroupArn", items="TargetGroups",
        id="TargetGroups[0].TargetGroupArn", not_found="TargetGroupNotFound", name="name", name_max_length=32,
        tags=_ELB, replace="ipAddressType name port protocol protocolVersion targetType vpcId",
        changes=(Change("modify_target_group", "healthCheck"),), not_returned="ipAddressType protocolVersion",
        members={"name": "Name|TargetGroupName", "healthCheck": ".",
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
        only_if_configured="healthCheck.matcher healthCheck.path healthCheck.timeout",
        outputs={"arn": "TargetGroupArn", "loadBalancerArns": "LoadBalancerArns"},
        attributes=Attributes("describe_target_group_attributes", "modify_target_group_attributes", {
            "connectionTermination": ("deregistration_delay.connection_termination.enabled", False),
            "deregistrationDelay": ("deregistration_delay.timeout_seconds", 300),
            "preserveClientIp": ("preserve_client_ip.enabled", ""),
            "proxyProtocolV2": ("proxy_protocol_v2.enabled", False),
            "slowStart": ("slow_start.duration_seconds", 0),
            "stickiness.cookieDuration": ("stickiness.lb_cookie.duration_seconds", 86400),
            "stickiness.cookieName": ("stickiness.app_cookie.cookie_name", ""),
            "stickiness.enabled": ("stickiness.enabled", False),
            "stickiness.type": ("stickiness.type", "lb_cookie"),
        })),
    Row("aws:lb/listener:Listener", "elbv2", source="elbv2/listener.go", handler="load_balancing:Listener",
        create="create_listener", read="describe_listeners", delete="delete_listener",
        id_argument="ListenerArn", items="Listeners", id="Listeners[0].ListenerArn", tags=_ELB,
        not_found="ListenerNotFound LoadBalancerNotFound", replace="loadBalancerArn",
        changes=(Change("modify_listener",
                        "certificateArn defaultActions port protocol sslPolicy"),),
        members={"certificateArn": "Certificates.CertificateArn",
                 **{f"defaultActions.{path}": member for path, member in _ACTION_NAMES.items()}},
        defaults={f"defaultActions.{path}": value for path, value in _ACTION_DEFAULTS.items()},
        only_if_configured="defaultActions.order", outputs={"arn": "ListenerArn"},
        attributes=Attributes("describe_listener_attributes", "modify_listener_attributes", {
            "routingHttpResponseStrictTransportSecurityHeaderValue":
                ("routing.http.response.strict_transport_security.header_value", ""),
        })),
    Row("aws:lb/listenerCertificate:ListenerCertificate", "elbv2", source="elbv2/listener_certificate.go",
        create="add_listener_certificates", id="{listenerArn}_{certificateArn}",
        replace="certificateArn listenerArn", members={"certificateArn": "Certificates.CertificateArn"}),
    Row("aws:lb/listenerRule:ListenerRule", "elbv2", source="elbv2/listener_rule.go",
        handler="load_balancing:ListenerRule", create="create_rule", read="describe_rules",
        delete="delete_rule", id_argument="RuleArn|RulePriorities.RuleArn", items="Rules",
        id="Rules[0].RuleArn", tags=_ELB, not_found="ListenerNotFound RuleNotFound", replace="listenerArn",
        sets="conditions transforms",
        changes=(Change("set_rule_priorities", "priority"),
                 Change("modify_rule", "actions conditions transforms")),
        members={"conditions.hostHeader": "HostHeaderConfig", "conditions.pathPattern": "PathPatternConfig",
                 "priority": "Priority|RulePriorities.Priority",
                 **{f"actions.{path}": member for path, member in _ACTION_NAMES.items()}},
        defaults={f"actions.{path}": value for path, value in _ACTION_DEFAULTS.items()},
        only_if_configured="actions.order", outputs={"arn": "RuleArn", "priority": "to_number(Priority)"}),
)

_IDENTITY = (
    Row("aws:iam/role:Role", "iam", source="iam/role.go", create="create_role", read="get_role",
        delete="delete_role", items="[Role]", id="{name}", list_all="list_roles", listed_items="Roles",
        not_found="NoSuchEntity", name="name", name_max_length=64, replace="name path",
        policies="assumeRolePolicy",
        changes=(Change("update_assume_role_policy", "assumeRolePolicy"),
                 Change("update_role", "description maxSessionDuration"),
                 Change("put_role_permissions_boundary", "permissionsBoundary",
                        reset="delete_role_permissions_boundary")),
        members={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument|PolicyDocument"},
        defaults={"maxSessionDuration": 3600, "path": "/"},
        outputs={"arn": "Arn", "createDate": "CreateDate", "uniqueId": "RoleId",
                 "permissionsBoundary": "PermissionsBoundary.PermissionsBoundaryArn"},
        tags=Tags("list_role_tags", "tag_role", "untag_role", "RoleName")),
    Row("aws:iam/rolePolicy:RolePolicy", "iam", source="iam/role_policy.go",
        handler="small_handlers:RolePolicy", create="put_role_policy", read="get_role_policy",
        delete="delete_role_policy", id="{role}:{name}", not_found="NoSuchEntity", name="name",
        name_max_length=128, replace="name role", policies="policy",
        changes=(Change("put_role_policy", "policy"),),
        members={"name": "PolicyName", "policy": "PolicyDocument", "role": "RoleName"}),
    Row("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "iam", source="iam/role_policy_attachment.go",
        create="attach_role_policy", read="list_attached_role_policies", delete="detach_role_policy",
        items="AttachedPolicies", id="{role}/{policyArn}", not_found="NoSuchEntity", replace="policyArn role",
        not_returned="role", members={"role": "RoleName"}),
    Row("aws:iam/instanceProfile:InstanceProfile", "iam", source="iam/instance_profile.go",
        create="create_instance_profile", read="get_instance_profile", delete="delete_instance_profile",
        items="[InstanceProfile]", id="{name}", list_all="list_instance_profiles",
        listed_items="InstanceProfiles", not_found="NoSuchEntity", name="name", name_max_length=128,
        replace="name path",
        changes=(Change("add_role_to_instance_profile", "role", detach="remove_role_from_instance_profile"),),
        members={"name": "InstanceProfileName", "role": "RoleName"}, defaults={"path": "/"},
        outputs={"arn": "Arn", "role": "Roles[0].RoleName"},
        tags=Tags("list_instance_profile_tags", "tag_instance_profile", "untag_instance_profile",
                  "InstanceProfileName")),
    Row("aws:acm/certificate:Certificate", "acm", source="acm/certificate.go",
        create="request_certificate", read="describe_certificate",
        delete="delete_certificate", id_argument="CertificateArn", items="[Certificate]", id="CertificateArn",
        list_all="list_certificates", listed_items="CertificateSummaryList",
        not_found="ResourceNotFoundException", tags=_ACM,
        replace="domainName subjectAlternativeNames validationMethod", sets="subjectAlternativeNames",
        outputs={"arn": "CertificateArn", "notAfter": "NotAfter", "notBefore": "NotBefore",
                 "status": "Status", "type": "Type",
                 # AWS counts the domain among them, as the first one.
                 "subjectAlternativeNames": "SubjectAlternativeNames[1:]",
                 "domainValidationOptions":
                     "DomainValidationOptions[?ResourceRecord].{domainName: DomainName, "
                     "resourceRecordName: ResourceRecord.Name, resourceRecordType: ResourceRecord.Type, "
                     "resourceRecordValue: ResourceRecord.Value}",
                 "validationMethod": "DomainValidationOptions[0].ValidationMethod"}),
    # AWS only waits here, and the emulator issues certificates at once.
    Row("aws:acm/certificateValidation:CertificateValidation", "acm", source="acm/certificate_validation.go",
        create="describe_certificate", read="describe_certificate", delete="", id="{certificateArn}",
        items="[Certificate][?Status=='ISSUED']", not_found="ResourceNotFoundException",
        replace="certificateArn validationRecordFqdns", members={"validationRecordFqdns": ""},
        not_returned="validationRecordFqdns"),
    Row("aws:route53/record:Record", "route53", source="route53/record.go", handler="route53:Record",
        create="change_resource_record_sets", read="list_resource_record_sets", delete="",
        id="{zoneId}_{name}_{type}", not_found="NoSuchHostedZone",
        # The id contains the type, so another type makes a new record here.
        replace="name type zoneId", changes=(Change("", "aliases records ttl"),),
        creation_only="allowOverwrite",
        members={"aliases": "AliasTarget", "aliases.name": "DNSName", "aliases.zoneId": "HostedZoneId",
                 "zoneId": "", "records": "ResourceRecords"}, sets="records"),
)

_ECS_NOT_RETURNED = ("availabilityZoneRebalancing enableEcsManagedTags orderedPlacementStrategies "
                     "placementConstraints propagateTags serviceConnectConfiguration serviceRegistries "
                     "volumeConfiguration")

_CONTAINERS = (
    Row("aws:ecs/cluster:Cluster", "ecs", source="ecs/cluster.go", create="create_cluster",
        read="describe_clusters", delete="delete_cluster", id_argument="cluster",
        items="clusters[?status=='ACTIVE']", id="cluster.clusterArn", list_all="list_clusters",
        listed_items="clusterArns", not_found="ClusterNotFoundException", name="name", tags=_BY_ARN,
        replace="name", changes=(Change("update_cluster", "configuration settings"),),
        members={"name": "clusterName"}, sets="settings",
        arguments={"describe_clusters": {"include": ["SETTINGS", "CONFIGURATIONS"]}},
        outputs={"arn": "clusterArn"}),
    Row("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "ecs",
        source="ecs/cluster_capacity_providers.go", create="put_cluster_capacity_providers",
        read="describe_clusters", delete="put_cluster_capacity_providers", id="{clusterName}",
        items="clusters[?status=='ACTIVE' && capacityProviders]", not_found="ClusterNotFoundException",
        replace="clusterName", members={"clusterName": "cluster|clusterName"},
        changes=(Change("put_cluster_capacity_providers",
                        "capacityProviders defaultCapacityProviderStrategies"),),
        # Deletion puts an empty list.
        arguments={"put_cluster_capacity_providers":
                   {"capacityProviders": [], "defaultCapacityProviderStrategy": []}},
        sets="capacityProviders defaultCapacityProviderStrategies"),
    Row("aws:ecs/taskDefinition:TaskDefinition", "ecs", source="ecs/task_definition.go",
        handler="ecs_task_definition:TaskDefinition", create="register_task_definition",
        read="describe_task_definition", delete="deregister_task_definition", id_argument="taskDefinition",
        items="[merge(taskDefinition, {tags: tags})][?status=='ACTIVE']",
        id="taskDefinition.taskDefinitionArn", not_found="ClientException", tags=_ECS,
        replace="containerDefinitions cpu ephemeralStorage executionRoleArn family memory networkMode "
                "placementConstraints requiresCompatibilities runtimePlatform taskRoleArn volumes",
        creation_only="skipDestroy", defaults={"skipDestroy": False},
        sets="placementConstraints requiresCompatibilities volumes",
        members={"volumes.hostPath": "host.sourcePath", "volumes.configureAtLaunch": "configuredAtLaunch"},
        arguments={"describe_task_definition": {"include": ["TAGS"]}},
        outputs={"arn": "taskDefinitionArn", "revision": "revision"}),
    Row("aws:ecs/service:Service", "ecs", source="ecs/service.go", handler="ecs_service:Service",
        create="create_service", read="describe_services", delete="delete_service",
        id_argument="service|services", items="services[?status=='ACTIVE']", id="service.serviceArn",
        list_all="list_services", list_by="cluster", listed_items="serviceArns", not_found=SERVICE_NOT_FOUND,
        name="name", tags=_BY_ARN, replace="cluster launchType name",
        changes=(Change("update_service",
                        "capacityProviderStrategies desiredCount enableExecuteCommand "
                        "healthCheckGracePeriodSeconds loadBalancers networkConfiguration platformVersion "
                        f"taskDefinition {_ECS_NOT_RETURNED} {DEPLOYMENT_PROPERTIES} "
                        f"{PROVIDER_PROPERTIES}"),), creation_only="forceDelete",
        members={"alarms": "deploymentConfiguration.alarms", "cluster": "cluster|clusterArn",
                 "deploymentCircuitBreaker": "deploymentConfiguration.deploymentCircuitBreaker",
                 "deploymentConfiguration": ".",
                 **{f"deploymentConfiguration.{key}": f"deploymentConfiguration.{key}"
                    for key in ("bakeTimeInMinutes", "canaryConfiguration", "lifecycleHooks",
                                "linearConfiguration", "strategy")},
                 "deploymentMaximumPercent": "deploymentConfiguration.maximumPercent",
                 "deploymentMinimumHealthyPercent": "deploymentConfiguration.minimumHealthyPercent",
                 "name": "serviceName",
                 "networkConfiguration": "networkConfiguration.awsvpcConfiguration",
                 "orderedPlacementStrategies": "placementStrategy",
                 "serviceConnectConfiguration.services.clientAlias": "clientAliases",
                 "volumeConfiguration.managedEbsVolume.sizeInGb": "sizeInGiB"},
        sets="alarms capacityProviderStrategies loadBalancers networkConfiguration placementConstraints",
        arguments={"describe_services": {"include": ["TAGS"]}},
        defaults={"deploymentMaximumPercent": 200, "deploymentMinimumHealthyPercent": 100,
                  "enableEcsManagedTags": False, "enableExecuteCommand": False,
                  "networkConfiguration.assignPublicIp": False, "waitForSteadyState": False},
        not_returned=f"{_ECS_NOT_RETURNED} {PROVIDER_PROPERTIES}", outputs={"arn": "serviceArn"},
        computed={"availabilityZoneRebalancing": "ENABLED",
                  "deploymentConfiguration": {"strategy": "ROLLING", "bakeTimeInMinutes": "0"},
                  "platformVersion": "LATEST", "propagateTags": "NONE"}),
    # There are no instances to scale, so the configured values are read back.
    Row("aws:ecs/capacityProvider:CapacityProvider", "ecs", source="ecs/capacity_provider.go",
        create="create_capacity_provider", read="describe_capacity_providers",
        delete="delete_capacity_provider", id_argument="capacityProvider|capacityProviders",
        items="capacityProviders", id="capacityProvider.capacityProviderArn",
        not_found="InvalidParameterException", name="name", tags=_BY_ARN, replace="cluster name",
        changes=(Change("", "autoScalingGroupProvider managedInstancesProvider"),),
        not_returned="autoScalingGroupProvider cluster managedInstancesProvider",
        outputs={"arn": "capacityProviderArn"}),
    Row("aws:ecr/repository:Repository", "ecr", source="ecr/repository.go", handler="ecr:Repository",
        create="create_repository", read="describe_repositories", delete="delete_repository",
        items="repositories", id="{name}", not_found="RepositoryNotFoundException", name="name",
        name_max_length=256, tags=_BY_ARN, replace="encryptionConfigurations name",
        creation_only="forceDelete", members={"forceDelete": "force", "name": "repositoryName"},
        changes=(Change("put_image_scanning_configuration", "imageScanningConfiguration"),
                 Change("put_image_tag_mutability", "imageTagMutability")),
        defaults={"forceDelete": False, "imageTagMutability": "MUTABLE"},
        outputs={"arn": "repositoryArn", "registryId": "registryId"},
        only_if_configured="encryptionConfigurations.kmsKey"),
    Row("aws:ecr/lifecyclePolicy:LifecyclePolicy", "ecr", source="ecr/lifecycle_policy.go",
        create="put_lifecycle_policy", read="get_lifecycle_policy", delete="delete_lifecycle_policy",
        id="{repository}", not_found="RepositoryNotFoundException LifecyclePolicyNotFoundException",
        replace="policy repository", json="policy", outputs={"registryId": "registryId"},
        members={"policy": "lifecyclePolicyText", "repository": "repositoryName"},
        # A repository has one policy: deleting the old resource last would delete the new policy.
        delete_before_replace=True),
)

_MONITORING = (
    Row("aws:cloudwatch/logGroup:LogGroup", "logs", source="logs/group.go",
        create="create_log_group", read="describe_log_groups", delete="delete_log_group", items="logGroups",
        id="{name}", not_found="ResourceNotFoundException", name="name", name_max_length=512,
        replace="name",
        changes=(Change("put_retention_policy", "retentionInDays", reset="delete_retention_policy"),
                 # MiniStack accepts a key only at creation.
                 Change("", "kmsKeyId")), not_returned="kmsKeyId",
        members={"name": "logGroupName|logGroupNamePrefix"},
        defaults={"retentionInDays": 0},
        outputs={"arn": "logGroupArn"},
        tags=_BY_ARN),
    Row("aws:cloudwatch/metricAlarm:MetricAlarm", "cloudwatch", source="cloudwatch/metric_alarm.go",
        create="put_metric_alarm", read="describe_alarms", delete="delete_alarms", items="MetricAlarms",
        id="{name}", not_found="ResourceNotFound", name="name", tags=_CLOUDWATCH, replace="name",
        changes=(Change("put_metric_alarm",
                        "alarmActions alarmDescription comparisonOperator dimensions "
                        "evaluateLowSampleCountPercentiles evaluationPeriods extendedStatistic metricName "
                        "metricQueries namespace okActions period statistic threshold treatMissingData "
                        "unit"),),
        members={"name": "AlarmName", "metricQueries": "Metrics", "metricQueries.metric": "MetricStat",
                 "metricQueries.metric.dimensions": "Metric.Dimensions",
                 "metricQueries.metric.metricName": "Metric.MetricName",
                 "metricQueries.metric.namespace": "Metric.Namespace"},
        defaults={"metricQueries.returnData": False, "treatMissingData": "missing"},
        sets="alarmActions okActions metricQueries",
        # MiniStack computes no metric math, and adds members that such an alarm does not have.
        not_returned="evaluateLowSampleCountPercentiles metricQueries",
        only_if_configured="dimensions period statistic", outputs={"arn": "AlarmArn"}),
    Row("aws:cloudwatch/compositeAlarm:CompositeAlarm", "cloudwatch", source="cloudwatch/composite_alarm.go",
        create="put_composite_alarm", read="describe_alarms", delete="delete_alarms", items="CompositeAlarms",
        id="{alarmName}", not_found="ResourceNotFound", name="alarmName", tags=_CLOUDWATCH,
        replace="alarmName",
        changes=(Change("put_composite_alarm", "alarmActions alarmDescription alarmRule okActions"),),
        arguments={"describe_alarms": {"AlarmTypes": ["CompositeAlarm"]}}, sets="alarmActions okActions",
        outputs={"arn": "AlarmArn"}),
    Row("aws:cloudwatch/logMetricFilter:LogMetricFilter", "logs", source="logs/metric_filter.go",
        create="put_metric_filter", read="describe_metric_filters", delete="delete_metric_filter",
        items="metricFilters", id="{logGroupName}:{name}", not_found="ResourceNotFoundException", name="name",
        replace="logGroupName name", changes=(Change("put_metric_filter", "metricTransformation pattern"),),
        members={"name": "filterName|filterNamePrefix", "pattern": "filterPattern",
                 **{f"metricTransformation.{key}": f"metric{key.capitalize()}"
                    for key in ("name", "namespace", "value")}}),
    Row("aws:cloudwatch/eventRule:EventRule", "events", source="events/rule.go", create="put_rule",
        read="describe_rule", delete="delete_rule", id="{name}", list_all="list_rules", listed_items="Rules",
        not_found="ResourceNotFoundException", name="name", name_max_length=64, replace="name",
        changes=(Change("put_rule", "description eventPattern scheduleExpression state"),),
        json="eventPattern", defaults={"state": "ENABLED"}, outputs={"arn": "Arn"}, tags=_CLOUDWATCH),
    Row("aws:cloudwatch/eventTarget:EventTarget", "events", source="events/target.go", create="put_targets",
        read="list_targets_by_rule", delete="remove_targets", items="Targets", id="{rule}/{targetId}",
        not_found="ResourceNotFoundException", name="targetId", name_max_length=64, replace="rule targetId",
        changes=(Change("put_targets", "arn input roleArn"),), json="input", not_returned="rule",
        members={"targetId": "Targets.Id|Ids|Id",
                 "arn": "Targets.Arn|Arn", "input": "Targets.Input|Input",
                 "roleArn": "Targets.RoleArn|RoleArn"}),
    Row("aws:cloudwatch/dashboard:Dashboard", "cloudwatch", source="cloudwatch/dashboard.go",
        create="put_dashboard", read="get_dashboard", delete="delete_dashboards", id="{dashboardName}",
        not_found="ResourceNotFound DashboardNotFoundError", name="dashboardName", replace="dashboardName",
        changes=(Change("put_dashboard", "dashboardBody"),), json="dashboardBody",
        outputs={"dashboardArn": "DashboardArn"}),
    # MiniStack has no saved queries.
    Row("aws:cloudwatch/queryDefinition:QueryDefinition", "logs", source="logs/query_definition.go",
        create="put_query_definition", id="{name}", name="name",
        changes=(Change("put_query_definition", "logGroupNames name queryString"),)),
    Row("aws:ssm/parameter:Parameter", "ssm", source="ssm/parameter.go", create="put_parameter",
        read="get_parameter", delete="delete_parameter", items="[Parameter]", id="{name}",
        list_all="describe_parameters", listed_items="Parameters",
        not_found="InvalidResourceId ParameterNotFound", name="name", tags=_SSM, replace="name",
        not_returned="description",
        changes=(Change("put_parameter", "description insecureValue type", arguments={"Overwrite": True}),),
        members={"insecureValue": "Value"}, outputs={"arn": "ARN", "version": "Version"},
        arguments={operation: {"ResourceType": "Parameter"}
                   for operation in (_SSM.read, _SSM.tag, _SSM.untag)}),
    Row("aws:ssm/activation:Activation", "ssm", source="ssm/activation.go", create="create_activation",
        id="{iamRole}", replace="description expirationDate iamRole name registrationLimit",
        members={"name": "DefaultInstanceName"}, computed={"activationCode": "none-in-the-local-run"},
        tags=Tags("", "", "", "")),
)

_DISCOVERY = (
    *(Row(f"aws:servicediscovery/{kind}Namespace:{kind[0].upper()}{kind[1:]}Namespace", "servicediscovery",
          source="servicediscovery/private_dns_namespace.go", handler="small_handlers:Namespace",
          create=f"create_{word}_namespace", read="get_namespace", delete="delete_namespace",
          id_argument="Id", items="[Namespace]", id="Operation.Targets.NAMESPACE", id_member="Id",
          list_all="list_namespaces", listed_items="Namespaces", not_found="NamespaceNotFound",
          tags=_DISCOVERY_TAGS, name="name", replace=replace,
          changes=(Change(f"update_{word}_namespace", "description"),), not_returned=forgotten,
          members={"description": "Description|Namespace.Description"}, outputs={"arn": "Arn", **outputs})
      for kind, word, replace, forgotten, outputs in (
          ("http", "http", "name", "", {"httpName": "Properties.HttpProperties.HttpName"}),
          ("privateDns", "private_dns", "name vpc", "vpc",
           {"hostedZone": "Properties.DnsProperties.HostedZoneId"}))),
    Row("aws:servicediscovery/service:Service", "servicediscovery", source="servicediscovery/service.go",
        create="create_service", read="get_service", delete="delete_service", id_argument="Id",
        items="[Service]", id="Service.Id", list_all="list_services", listed_items="Services",
        not_found="ServiceNotFound",
        tags=_DISCOVERY_TAGS, replace="healthCheckCustomConfig name namespaceId type",
        creation_only="forceDestroy",
        # On AWS an update changes only parts of both.
        changes=(Change("", "description dnsConfig"),),
        not_returned="description dnsConfig healthCheckCustomConfig type",
        defaults={"forceDestroy": False}, outputs={"arn": "Arn"}),
)

_SCHEDULES = (
    Row("aws:scheduler/scheduleGroup:ScheduleGroup", "scheduler", source="scheduler/schedule_group.go",
        create="create_schedule_group", read="get_schedule_group", delete="delete_schedule_group",
        id="{name}", list_all="list_schedule_groups", listed_items="ScheduleGroups",
        not_found="ResourceNotFoundException", name="name", name_max_length=64, replace="name",
        outputs={"arn": "Arn"},
        tags=Tags("list_tags_for_resource", "tag_resource", "untag_resource", "ResourceArn", by_arn=True)),
    Row("aws:scheduler/schedule:Schedule", "scheduler", source="scheduler/schedule.go",
        create="create_schedule", read="get_schedule", delete="delete_schedule", id="{groupName}/{name}",
        not_found="ResourceNotFoundException", name="name", name_max_length=64, replace="groupName name",
        changes=(Change("update_schedule",
                        "description flexibleTimeWindow scheduleExpression scheduleExpressionTimezone state "
                        "target"),),
        members={"target.ecsParameters.networkConfiguration": "NetworkConfiguration.awsvpcConfiguration"},
        defaults={"groupName": "default", "scheduleExpressionTimezone": "UTC", "state": "ENABLED"},
        outputs={"arn": "Arn"}),
    Row("aws:sqs/queue:Queue", "sqs", source="sqs/queue.go", create="create_queue",
        read="get_queue_attributes", delete="delete_queue", id_argument="QueueUrl", items="[Attributes]",
        id="QueueUrl", list_all="list_queues", listed_items="QueueUrls",
        not_found="AWS.SimpleQueueService.NonExistentQueue QueueDoesNotExist", name="name",
        name_max_length=80, tags=Tags("list_queue_tags", "tag_queue", "untag_queue", "QueueUrl"),
        replace="name",
        changes=(Change("set_queue_attributes", "messageRetentionSeconds sqsManagedSseEnabled"),),
        not_returned="name sqsManagedSseEnabled", defaults={"messageRetentionSeconds": 345600},
        arguments={"get_queue_attributes": {"AttributeNames": ["All"]}},
        members={"messageRetentionSeconds": "Attributes.MessageRetentionPeriod|MessageRetentionPeriod",
                 "name": "QueueName", "sqsManagedSseEnabled": "Attributes.SqsManagedSseEnabled"},
        outputs={"arn": "QueueArn", "url": "{id}"}),
    Row("aws:sqs/queuePolicy:QueuePolicy", "sqs", source="sqs/queue_policy.go",
        create="set_queue_attributes", read="get_queue_attributes", delete="set_queue_attributes",
        id="{queueUrl}", items="[Attributes][?Policy]",
        not_found="AWS.SimpleQueueService.NonExistentQueue QueueDoesNotExist",
        replace="queueUrl", policies="policy", changes=(Change("set_queue_attributes", "policy"),),
        not_returned="queueUrl", members={"policy": "Attributes.Policy|Policy"},
        # Deletion sets an empty policy.
        arguments={"get_queue_attributes": {"AttributeNames": ["All"]},
                   "set_queue_attributes": {"Attributes": {"Policy": ""}}}),
)

_STORAGE = (
    Row("aws:efs/fileSystem:FileSystem", "efs", source="efs/file_system.go",
        handler="small_handlers:FileSystem", create="create_file_system", read="describe_file_systems",
        delete="delete_file_system", id_argument="FileSystemId", items="FileSystems", id="FileSystemId",
        not_found="FileSystemNotFound", tags=_EFS, name="creationToken", name_max_length=64,
        replace="creationToken encrypted kmsKeyId",
        changes=(Change("update_file_system", "throughputMode"),
                 Change("put_lifecycle_configuration", "lifecyclePolicies")),
        not_returned="lifecyclePolicies", defaults={"throughputMode": "bursting"},
        outputs={"arn": "FileSystemArn"}),
    Row("aws:efs/accessPoint:AccessPoint", "efs", source="efs/access_point.go", create="create_access_point",
        read="describe_access_points", delete="delete_access_point", id_argument="AccessPointId",
        items="AccessPoints", id="AccessPointId", not_found="AccessPointNotFound", tags=_EFS,
        only_if_configured="posixUser rootDirectory", replace="fileSystemId posixUser rootDirectory",
        outputs={"arn": "AccessPointArn"}),
    Row("aws:efs/backupPolicy:BackupPolicy", "efs", source="efs/backup_policy.go", create="put_backup_policy",
        read="describe_backup_policy", delete="", id="{fileSystemId}", replace="fileSystemId",
        changes=(Change("put_backup_policy", "backupPolicy"),), not_found="FileSystemNotFound PolicyNotFound",
        not_returned="fileSystemId"),
    Row("aws:efs/fileSystemPolicy:FileSystemPolicy", "efs", source="efs/file_system_policy.go",
        create="put_file_system_policy", read="describe_file_system_policy",
        delete="delete_file_system_policy", id="{fileSystemId}", replace="fileSystemId",
        changes=(Change("put_file_system_policy", "policy"),), not_found="FileSystemNotFound PolicyNotFound",
        # EFS adds statement ids and the resource; the provider ignores both.
        not_returned="policy"),
    Row("aws:efs/mountTarget:MountTarget", "efs", source="efs/mount_target.go", create="create_mount_target",
        read="describe_mount_targets", delete="delete_mount_target", id_argument="MountTargetId",
        items="MountTargets", id="MountTargetId", not_found="MountTargetNotFound",
        replace="fileSystemId subnetId",
        changes=(Change("modify_mount_target_security_groups", "securityGroups"),),
        not_returned="securityGroups",
        # A file system can have only one in each zone.
        delete_before_replace=True),
)

# No instances run here: the emulator stores their settings or drops them.
_TEMPLATE = ("blockDeviceMappings iamInstanceProfile imageId instanceRequirements instanceType "
             "metadataOptions monitoring networkInterfaces tagSpecifications userData")
_GROUP = ("capacityRebalance desiredCapacity healthCheckType launchTemplate mixedInstancesPolicy "
          "protectFromScaleIn tags vpcZoneIdentifiers")

_INSTANCES = (
    _ec2("aws:ec2/launchTemplate:LaunchTemplate", "launch_template", source="ec2/ec2_launch_template.go",
         not_found="InvalidLaunchTemplateId.NotFound InvalidLaunchTemplateId.NotFoundException", name="name",
         name_max_length=128, replace="name", creation_only="updateDefaultVersion",
         changes=(Change("create_launch_template_version", f"description {_TEMPLATE}"),),
         not_returned=f"description {_TEMPLATE}",
         members={"description": "VersionDescription", "name": "LaunchTemplateName",
                  **{key: f"LaunchTemplateData.{key[0].upper()}{key[1:]}" for key in _TEMPLATE.split()},
                  "networkInterfaces.securityGroups": "Groups"},
         outputs={"defaultVersion": "DefaultVersionNumber", "latestVersion": "LatestVersionNumber"}),
    Row("aws:autoscaling/group:Group", "autoscaling", source="autoscaling/group.go",
        create="create_auto_scaling_group", read="describe_auto_scaling_groups",
        delete="delete_auto_scaling_group", id="{name}", items="AutoScalingGroups",
        not_found="ValidationError", name="name", replace="name",
        creation_only="forceDelete instanceRefresh waitForCapacityTimeout",
        changes=(Change("update_auto_scaling_group", "maxSize minSize"), Change("", _GROUP)),
        not_returned=_GROUP, defaults={"forceDelete": False, "protectFromScaleIn": False},
        members={"launchTemplate.id": "LaunchTemplateId", "launchTemplate.name": "LaunchTemplateName",
                 "name": "AutoScalingGroupName|AutoScalingGroupNames",
                 "protectFromScaleIn": "NewInstancesProtectedFromScaleIn"},
        outputs={"arn": "AutoScalingGroupARN"}),
    Row("aws:autoscaling/schedule:Schedule", "autoscaling", source="autoscaling/schedule.go",
        create="put_scheduled_update_group_action", read="describe_scheduled_actions",
        delete="delete_scheduled_action", id="{autoscalingGroupName}/{scheduledActionName}",
        items="ScheduledUpdateGroupActions", not_found="ValidationError",
        replace="autoscalingGroupName scheduledActionName",
        changes=(Change("put_scheduled_update_group_action",
                        "desiredCapacity maxSize minSize recurrence timeZone"),),
        # -1 keeps the current value, and the provider does not send it to AWS.
        not_returned="desiredCapacity maxSize minSize",
        members={"scheduledActionName": "ScheduledActionName|ScheduledActionNames"},
        outputs={"arn": "ScheduledActionARN"}),
)

_SCALED_BY = "resourceId scalableDimension serviceNamespace"

# MiniStack has web ACLs, but neither logs nor inspects requests.
_FIREWALL = (
    Row("aws:wafv2/webAcl:WebAcl", "wafv2", source="wafv2/web_acl.go", create="create_web_acl", id="{name}",
        replace="name scope", name="name", name_max_length=128, tags=Tags("", "", "", ""),
        computed={"arn": "arn:aws:wafv2:us-east-1:000000000000:regional/webacl/recorded/none"},
        changes=(Change("create_web_acl", "defaultAction description rules visibilityConfig"),)),
    Row("aws:wafv2/webAclAssociation:WebAclAssociation", "wafv2", source="wafv2/web_acl_association.go",
        create="associate_web_acl", id="{webAclArn},{resourceArn}", replace="resourceArn webAclArn"),
    Row("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", "wafv2",
        source="wafv2/web_acl_logging_configuration.go", create="put_logging_configuration",
        id="{resourceArn}", replace="resourceArn",
        members={name: f"LoggingConfiguration.{name[0].upper()}{name[1:]}"
                 for name in ("logDestinationConfigs", "loggingFilter", "redactedFields", "resourceArn")},
        changes=(Change("put_logging_configuration", "logDestinationConfigs loggingFilter redactedFields"),)),
)

_AUTOSCALING = (
    Row("aws:appautoscaling/target:Target", "application-autoscaling", source="appautoscaling/target.go",
        create="register_scalable_target", id="{resourceId}", replace=_SCALED_BY,
        changes=(Change("register_scalable_target", "maxCapacity minCapacity roleArn"),),
        tags=Tags("", "tag_resource", "untag_resource", "ResourceARN")),
    Row("aws:appautoscaling/policy:Policy", "application-autoscaling", source="appautoscaling/policy.go",
        create="put_scaling_policy", id="{serviceNamespace}/{resourceId}/{scalableDimension}/{name}",
        replace=f"name {_SCALED_BY}", name="name", members={"name": "PolicyName"},
        defaults={"policyType": "StepScaling"},
        changes=(Change("put_scaling_policy", "policyType targetTrackingScalingPolicyConfiguration"),)),
    Row("aws:appautoscaling/scheduledAction:ScheduledAction", "application-autoscaling",
        source="appautoscaling/scheduled_action.go", create="put_scheduled_action",
        id="{name}/{serviceNamespace}/{resourceId}", replace=f"name {_SCALED_BY}", name="name",
        members={"name": "ScheduledActionName"}, defaults={"timezone": "UTC"},
        changes=(Change("put_scheduled_action", "scalableTargetAction schedule timezone"),)),
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
