"""The configuration of a stack: each key once, with its type, its default, its bounds and its meaning."""

from infra.settings.alarms import AlarmSettings
from infra.settings.attach import KEYS_OF_THE_BASE, AttachSettings, PreviewSettings
from infra.settings.autoscaling import AutoscalingSettings, ScheduledCapacity
from infra.settings.calls import address_of, called_by, endpoint, in_order_of_calls
from infra.settings.cluster import CapacityProvider, ClusterSettings
from infra.settings.connect import ConnectSettings, DiscoverySettings
from infra.settings.faults import SettingsError
from infra.settings.image import BuildSecret, ImageSettings
from infra.settings.load_balancer import LoadBalancerSettings
from infra.settings.network import EgressRule, Nat, NetworkSettings
from infra.settings.provider import ProviderSettings
from infra.settings.rollout import RolloutHook, RolloutSettings, Strategy
from infra.settings.schedules import Schedule
from infra.settings.service import Architecture, Migration, ServiceSettings, Statement
from infra.settings.settings import Key, Settings, foreign_namespaces, keys, parse
from infra.settings.traffic import Exposure, ListenerProtocol

__all__ = [
    "KEYS_OF_THE_BASE",
    "AlarmSettings",
    "Architecture",
    "AttachSettings",
    "AutoscalingSettings",
    "BuildSecret",
    "CapacityProvider",
    "ClusterSettings",
    "ConnectSettings",
    "DiscoverySettings",
    "EgressRule",
    "Exposure",
    "ImageSettings",
    "Key",
    "ListenerProtocol",
    "LoadBalancerSettings",
    "Migration",
    "Nat",
    "NetworkSettings",
    "PreviewSettings",
    "ProviderSettings",
    "RolloutHook",
    "RolloutSettings",
    "Schedule",
    "ScheduledCapacity",
    "ServiceSettings",
    "Settings",
    "SettingsError",
    "Statement",
    "Strategy",
    "address_of",
    "called_by",
    "endpoint",
    "foreign_namespaces",
    "in_order_of_calls",
    "keys",
    "parse",
]
