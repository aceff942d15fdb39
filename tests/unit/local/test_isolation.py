"""The user's AWS settings do not reach the local run."""

from __future__ import annotations

import os

from local.isolation import isolate, point_at


def test_the_users_profile_keys_and_endpoints_are_removed() -> None:
    environment = {
        "AWS_PROFILE": "prod",
        "AWS_ACCESS_KEY_ID": "theirs",
        "AWS_SESSION_TOKEN": "theirs",
        "AWS_ENDPOINT_URL_ECS": "https://ecs.us-east-1.amazonaws.com",
        "HOME": "/home/alice",
    }

    isolate(environment)

    assert environment["AWS_ACCESS_KEY_ID"] == "test"
    assert environment["AWS_CONFIG_FILE"] == os.devnull
    assert environment["HOME"] == "/home/alice"
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_ECS"} & environment.keys()


def test_the_programs_own_calls_go_to_the_emulator() -> None:
    environment: dict[str, str] = {}

    point_at("http://127.0.0.1:4566", "eu-west-1", environment)

    assert environment == {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_REGION": "eu-west-1"}
