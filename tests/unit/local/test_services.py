"""What ECS says, by the names that people know."""

from __future__ import annotations

from typing import Any

from local.services import describe


class Ecs:
    def client(self, _service: str) -> Ecs:
        return self

    def describe_services(self, *, cluster: str, services: list[str]) -> dict[str, Any]:
        assert len(services) <= 10, "ECS refuses more"
        return {"services": [{"serviceName": name, "cluster": cluster} for name in reversed(services)]}


def test_more_services_than_ecs_describes_at_once_are_all_seen() -> None:
    names = {f"web{number}": f"web{number}-1a2b3c4" for number in range(23)}
    ecs: Any = Ecs()

    described = describe(ecs, "cluster", names)

    assert {name: service["serviceName"] for name, service in described.items()} == names
