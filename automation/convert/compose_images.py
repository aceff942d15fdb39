"""Images of a Compose file that no stack runs: databases, proxies and tools."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class KnownImage:
    """A server or tool that is not converted."""

    name: str
    instead: str
    """Its replacement on AWS."""
    port: int | None = None
    """The port of its replacement; None for one without calls."""


_OUTSIDE: Final = "created outside this stack, in the VPC that `vpc-id` names"
_PROXY: Final = KnownImage(
    "a reverse proxy", "the load balancer, with names, certificates, `paths`, `redirect-hosts`"
)
_TOOL: Final = KnownImage("a tool for development", "nothing")
_KNOWN: Final = {
    r"postgres|postgresql|postgis|timescaledb(?:-ha)?|pgvector": KnownImage(
        "PostgreSQL", f"Amazon RDS or Aurora, {_OUTSIDE}", 5432
    ),
    r"pgbouncer": KnownImage("PgBouncer", f"RDS Proxy, {_OUTSIDE}", 5432),
    r"mysql(?:-server)?|mariadb|percona": KnownImage("MySQL", f"Amazon RDS or Aurora, {_OUTSIDE}", 3306),
    r"mongo(?:db)?|mongodb-community-server": KnownImage(
        "MongoDB", f"Atlas or Amazon DocumentDB, {_OUTSIDE}", 27017
    ),
    r"redis(?:-stack(?:-server)?)?|valkey|keydb|dragonfly": KnownImage(
        "Redis", f"Amazon ElastiCache, {_OUTSIDE}", 6379
    ),
    r"memcached": KnownImage("Memcached", f"Amazon ElastiCache, {_OUTSIDE}", 11211),
    r"rabbitmq": KnownImage("RabbitMQ", f"Amazon MQ, {_OUTSIDE}", 5671),
    r"kafka|cp-kafka|redpanda": KnownImage("Kafka", f"Amazon MSK, {_OUTSIDE}", 9092),
    r"zookeeper|cp-zookeeper": KnownImage("ZooKeeper", "Amazon MSK has its own"),
    r"elasticsearch|opensearch": KnownImage("Elasticsearch", f"Amazon OpenSearch Service, {_OUTSIDE}", 443),
    r"minio": KnownImage("MinIO", "Amazon S3, with `task-role-statements`", 443),
    r"localstack|ministack|dynamodb-local|elasticmq(?:-native)?": KnownImage(
        "an AWS for development", "AWS itself", 443
    ),
    r"nginx(?:-unprivileged)?|httpd|envoy|openresty": _PROXY,
    r"traefik|nginx-proxy|caddy|caddy-docker-proxy|haproxy|acme-companion|certbot|swag|cloudflared": _PROXY,
    r"adminer|pgadmin4?|phpmyadmin|mongo-express|redis-commander|redisinsight|kafka-ui|cloudbeaver": _TOOL,
    r"mailhog|mailpit|maildev|mailcatcher|smtp4dev|sqlpad|kibana|dozzle|portainer(?:-ce)?": _TOOL,
    r"watchtower|ngrok|autoheal": _TOOL,
}
"""By a pattern of the last part of the image's name."""


def known_image(image: str) -> KnownImage | None:
    """Return the server or tool that an image is; None for one that may be an app."""
    name = image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
    return next((known for pattern, known in _KNOWN.items() if re.fullmatch(pattern, name)), None)
