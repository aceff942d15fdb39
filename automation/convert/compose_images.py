"""What ready images of a Compose file are: databases, proxies and tools that no stack runs by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Known:
    """An image that is known."""

    what: str
    instead: str
    """What to use on AWS."""
    port: int | None = None
    """The port of what takes its place; None for what nobody calls."""


_DATABASE: Final = "make it outside of this stack, in the VPC that `vpc-id` names"
_PROXY: Final = Known(
    "a reverse proxy",
    "the load balancer does it: names, certificates, `paths`, `redirect-hosts`",
)
_TOOL: Final = Known("a tool for development", "leave it out")
_KNOWN: Final = (
    (
        r"postgres|postgresql|postgis|timescaledb(?:-ha)?|pgvector",
        Known("PostgreSQL", f"Amazon RDS or Aurora: {_DATABASE}", 5432),
    ),
    (r"pgbouncer", Known("PgBouncer", f"RDS Proxy: {_DATABASE}", 5432)),
    (r"mysql(?:-server)?|mariadb|percona", Known("MySQL", f"Amazon RDS or Aurora: {_DATABASE}", 3306)),
    (
        r"mongo(?:db)?|mongodb-community-server",
        Known("MongoDB", f"Atlas or Amazon DocumentDB: {_DATABASE}", 27017),
    ),
    (
        r"redis(?:-stack(?:-server)?)?|valkey|keydb|dragonfly",
        Known("Redis", f"Amazon ElastiCache: {_DATABASE}", 6379),
    ),
    (r"memcached", Known("Memcached", f"Amazon ElastiCache: {_DATABASE}", 11211)),
    (r"rabbitmq", Known("RabbitMQ", f"Amazon MQ: {_DATABASE}", 5671)),
    (r"kafka|cp-kafka|redpanda", Known("Kafka", f"Amazon MSK: {_DATABASE}", 9092)),
    (r"zookeeper|cp-zookeeper", Known("ZooKeeper", "Amazon MSK has its own", None)),
    (r"elasticsearch|opensearch", Known("Elasticsearch", f"Amazon OpenSearch Service: {_DATABASE}", 443)),
    (r"minio", Known("MinIO", "Amazon S3, with `task-role-statements`", 443)),
    (
        r"localstack|ministack|dynamodb-local|elasticmq(?:-native)?",
        Known("an AWS for development", "AWS itself", 443),
    ),
    (r"traefik|nginx-proxy|caddy|caddy-docker-proxy|haproxy|acme-companion|certbot|swag|cloudflared", _PROXY),
    (
        (
            r"adminer|pgadmin4?|phpmyadmin|mongo-express|redis-commander|redisinsight|mailhog|mailpit|maildev|mailcatcher"
            r"|smtp4dev|watchtower|portainer(?:-ce)?|dozzle|kibana|kafka-ui|cloudbeaver|sqlpad|ngrok|autoheal"
        ),
        _TOOL,
    ),
)
_PLAIN_PROXIES: Final = re.compile(r"nginx(?:-unprivileged)?|httpd|envoy|openresty")


def known(image: str) -> Known | None:
    """Return what an image is, by the last part of its name; None for one that may be an app."""
    name = image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
    return next((what for pattern, what in _KNOWN if re.fullmatch(pattern, name)), None)


def is_plain_proxy(image: str) -> bool:
    """Whether an image is a web server without anything to serve."""
    return _PLAIN_PROXIES.fullmatch(image.rpartition("/")[2].partition(":")[0].lower()) is not None


PROXY: Final = _PROXY
