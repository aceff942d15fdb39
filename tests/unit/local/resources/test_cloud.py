"""The local run connects only to this machine, never to an AWS account."""

from __future__ import annotations

import pytest

from local.resources.cloud import Cloud, NotLoopbackError, Shared


@pytest.mark.parametrize(
    "endpoint",
    ["http://127.0.0.1:4566", "http://127.8.9.1:4566", "http://localhost:4566", "http://[::1]:4566"],
)
def test_loopback_endpoints_are_accepted(endpoint: str) -> None:
    assert Cloud(endpoint).endpoint == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://ecs.us-east-1.amazonaws.com",
        "http://10.0.0.1:4566",
        "http://0.0.0.0:4566",
        "http://localhost.example.com:4566",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "",
    ],
)
def test_other_endpoints_are_refused(endpoint: str) -> None:
    with pytest.raises(NotLoopbackError, match="is not on this machine"):
        Cloud(endpoint)


def test_clouds_of_one_run_share_clients_by_region() -> None:
    shared = Shared()
    one, two = (Cloud("http://127.0.0.1:1", region="us-east-1", shared=shared) for _ in range(2))
    elsewhere = Cloud("http://127.0.0.1:1", region="eu-west-1", shared=shared)

    assert one.client("sts") is two.client("sts")
    assert elsewhere.client("sts") is not one.client("sts")


def test_known_resources_are_shared_by_all_clouds_of_a_run() -> None:
    shared = Shared()
    Cloud("http://127.0.0.1:1", shared=shared).remember("aws:ecs/cluster:Cluster", "one")

    assert Cloud("http://127.0.0.1:1", shared=shared).is_known("aws:ecs/cluster:Cluster", "one")


def test_cancellation_is_shared_by_all_clouds_of_a_run() -> None:
    shared = Shared()
    Cloud("http://127.0.0.1:1", shared=shared).cancelled.set()

    assert Cloud("http://127.0.0.1:1", shared=shared).cancelled.is_set()


def test_progress_and_time_limit_belong_to_the_current_resource() -> None:
    reported: list[tuple[str, str]] = []
    cloud = Cloud("http://127.0.0.1:1", report=lambda urn, line: reported.append((urn, line)))

    with cloud.working_on("outer", timeout=60):
        with cloud.working_on("inner"):
            cloud.progress("one")
            assert cloud.timeout(default=20) == 20
        cloud.progress("two")
        assert cloud.timeout(default=20) == 60
    cloud.progress("not shown")

    assert reported == [("inner", "one"), ("outer", "two")]
