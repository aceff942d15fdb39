"""The configuration of a stack: each key once, with its type, its default, its bounds and its meaning."""

from infra.settings.attach import KEYS_OF_THE_BASE, AttachSettings
from infra.settings.autoscaling import AutoscalingSettings, ScheduledCapacity
from infra.settings.calls import address_of, called_by, endpoint, in_order_of_calls
from infra.settings.capacity import (
    Architecture,
    Capacity,
    CapacityProvider,
    Ec2Capacity,
    ExternalCapacity,
    Kind,
    ManagedInstancesCapacity,
)
from infra.settings.cluster import ClusterSettings
from infra.settings.connect import ConnectSettings, DiscoverySettings
from infra.settings.faults import SettingsError
from infra.settings.image import BuildSecret, ImageSettings
from infra.settings.load_balancer import (
    FirewallSettings,
    LoadBalancerSettings,
    NetworkLoadBalancerSettings,
)
from infra.settings.network import EgressRule, Nat, NetworkSettings
from infra.settings.observability import BOOTSTRAP, NotificationSettings
from infra.settings.placement import PlacementConstraint, PlacementStrategy
from infra.settings.provider import ProviderSettings
from infra.settings.rollout import AlarmSettings, RolloutHook, RolloutSettings, Strategy
from infra.settings.runs_on import kind_of, network_mode_of
from infra.settings.schedules import Schedule, overrides
from infra.settings.service import ServiceSettings
from infra.settings.service_keys import Migration, Statement
from infra.settings.settings import Settings
from infra.settings.sidecars import Sidecar
from infra.settings.stack_file import Key, foreign_namespaces, keys, load, parse
from infra.settings.storage import SharedFiles, Volume
from infra.settings.traffic import ListenerProtocol

__all__ = [
    "BOOTSTRAP",
    "KEYS_OF_THE_BASE",
    "AlarmSettings",
    "Architecture",
    "AttachSettings",
    "AutoscalingSettings",
    "BuildSecret",
    "Capacity",
    "CapacityProvider",
    "ClusterSettings",
    "ConnectSettings",
    "DiscoverySettings",
    "Ec2Capacity",
    "EgressRule",
    "ExternalCapacity",
    "FirewallSettings",
    "ImageSettings",
    "Key",
    "Kind",
    "ListenerProtocol",
    "LoadBalancerSettings",
    "ManagedInstancesCapacity",
    "Migration",
    "Nat",
    "NetworkLoadBalancerSettings",
    "NetworkSettings",
    "NotificationSettings",
    "PlacementConstraint",
    "PlacementStrategy",
    "ProviderSettings",
    "RolloutHook",
    "RolloutSettings",
    "Schedule",
    "ScheduledCapacity",
    "ServiceSettings",
    "Settings",
    "SettingsError",
    "SharedFiles",
    "Sidecar",
    "Statement",
    "Strategy",
    "Volume",
    "address_of",
    "called_by",
    "endpoint",
    "foreign_namespaces",
    "in_order_of_calls",
    "keys",
    "kind_of",
    "load",
    "network_mode_of",
    "overrides",
    "parse",
]
