"""The whole configuration at once: every key read, every rule asked, all faults in one message."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from infra.config.alarms import check_alarms_come_in_time
from infra.config.attach import (
    alarms_of_attached,
    attached_service,
    read_attach,
    read_preview_stacks,
)
from infra.config.cluster import read_cluster
from infra.config.faults import Faults
from infra.config.image import read_image
from infra.config.load_balancer import check_test_cidrs_are_of_use, read_load_balancer
from infra.config.multidev import read_multidev
from infra.config.network import read_network
from infra.config.provider import read_provider
from infra.config.record import Record, nearest
from infra.config.schema import Schema, load_schema
from infra.config.service import check_room_to_roll, read_main_service
from infra.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def parse(
    raw: Mapping[str, object],
    *,
    project: str,
    stack: str,
    secret_keys: Collection[str] = (),
    schema: Schema | None = None,
) -> Settings:
    """Turn a stack's configuration into settings.

    Args:
        raw: values by key with the namespace, such as `aws:region`; as text, as the CLI hands them over, or
            as they stand in YAML. A key that is missing has the default that `Pulumi.yaml` declares.
        project: the namespace of our own keys.
        stack: the stack's name.
        secret_keys: the keys with the namespace whose values are encrypted, wholly or in part.
        schema: what `Pulumi.yaml` declares; by default the file of this project.

    Raises:
        SettingsError: names every fault.
    """
    schema = schema or load_schema()
    prefix = f"{project}:"
    own = {key.removeprefix(prefix): value for key, value in raw.items() if key.startswith(prefix)}
    others = {**schema.presets, **{key: value for key, value in raw.items() if not key.startswith(prefix)}}
    secret = frozenset(key.removeprefix(prefix) for key in secret_keys if key.startswith(prefix))

    faults = Faults(stack=stack, secret_keys=secret)
    _refuse_strangers(own, schema, faults)
    _refuse_encrypted(own, secret, faults)
    config = Record(own, faults=faults, defaults=schema.defaults, from_text=True)

    attach = read_attach(config, project=project, stack=stack)
    preview_stacks = read_preview_stacks(config)
    protect = config.flag("protect")
    monthly_budget_usd = config.whole("monthly-budget-usd", 0) or None
    provider = read_provider(config, others, project=project, stack=stack)
    image = read_image(config, project=project, stack=stack)
    network = read_network(config)
    cluster = read_cluster(config)
    load_balancer = read_load_balancer(config, protect=protect)
    main = read_main_service(config, architecture=image.architecture, domain=load_balancer.domain)
    multidev = read_multidev(config, main)
    if attach is not None:
        alarms = alarms_of_attached(config, main.alarms)
        main = replace(attached_service(config, main, stack=stack), alarms=alarms)
    check_room_to_roll(faults, (main, *multidev))
    check_alarms_come_in_time(faults, (main, *multidev))
    check_test_cidrs_are_of_use(faults, load_balancer, (main, *multidev))
    faults.raise_if_any()
    return Settings(
        environment=stack,
        protect=protect,
        monthly_budget_usd=monthly_budget_usd,
        provider=provider,
        image=image,
        network=network,
        cluster=cluster,
        load_balancer=load_balancer,
        main=main,
        multidev=multidev,
        attach=attach,
        preview_stacks=preview_stacks,
    )


def _refuse_strangers(own: Mapping[str, object], schema: Schema, faults: Faults) -> None:
    # The CLI lets a misspelt key pass in silence.
    for name, value in own.items():
        if name not in schema.keys:
            faults.add(name, value, f"there is no such key; the nearest is `{nearest(name, schema.keys)}`")


def _refuse_encrypted(own: Mapping[str, object], secret: Collection[str], faults: Faults) -> None:
    for name in filter(secret.__contains__, own):
        faults.add(
            name,
            "",
            "a value that is not encrypted, for it would stand in plain text in the state and on AWS; what "
            "the app must keep secret goes into Secrets Manager or SSM, and its ARN into `secrets`",
        )
