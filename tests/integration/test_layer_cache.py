"""A layer that the cache has given to a registry is one that the Docker daemon does not compress again."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from local.base_image import base_image
from local.docker import connect, engine
from local.emulator import Emulator
from local.images import local_image, push
from local.layer_cache import LayerCache, layers_of
from local.resources.cloud import Cloud

pytestmark = pytest.mark.docker

NAME = "layers-of-the-base"


def test_layers_pushed_to_one_registry_are_available_in_the_next(emulator: Emulator, tmp_path: Path) -> None:
    with closing(connect()) as client:
        api: Any = engine(client)
        image = base_image(client)
        layers = layers_of(local_image(image))

        def repository(of: Emulator) -> str:
            name = f"localhost:{of.port}/{NAME}"
            Cloud(of.endpoint).client("ecr").create_repository(repositoryName=NAME)
            api.tag(image, name, "1")
            return name

        def cache(of: Emulator, **where: Any) -> LayerCache:
            return LayerCache(registry=of.endpoint, repository=NAME, layers=layers, **where)

        first = repository(emulator)
        # What an earlier run has left in the user's cache saves this one the compression, too.
        cache(emulator).offer()
        digest = push(f"{first}:1", username="AWS", password="any")
        cache(emulator, folder=tmp_path / "layers").keep(digest)
        api.remove_image(f"{first}:1")
        another = Emulator.start_or_join(port=0, state_dir=tmp_path / "emulator")
        try:
            another.wait_until_ready()
            second = repository(another)
            cache(another, folder=tmp_path / "layers").offer()
            lines = [*api.push(second, tag="1", stream=True, decode=True, auth_config={"username": "AWS"})]
        finally:
            another.stop()
        api.remove_image(f"{second}:1")

    statuses = {line.get("status") for line in lines if line.get("id")}
    assert statuses == {"Preparing", "Layer already exists"}
    assert [line["aux"]["Digest"] for line in lines if "aux" in line] == [digest]
