"""Rules for the copies of the main service, and the keys that they inherit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.settings.names import EXPLICIT_PRIORITIES, LAST_PRIORITY, priority_of
from tests.unit.infra.settings_fixtures import fault_of, refuses, settings_of

if TYPE_CHECKING:
    from infra.settings import ServiceSettings

# Two names with the same priority.
MEETING = ("dev128", "dev318")
CANARY = {"strategy": "canary"}
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"


def numbered(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"name": f"c{number}", "priority": number + 1, **more} for number in range(count)]


def copies_of(*multidev: Any, **config: Any) -> dict[str, ServiceSettings]:
    settings = settings_of({"multidev": list(multidev), **config})
    return {copy.name: copy for copy in settings.multidev}


def test_a_copy_has_a_host_below_the_domain_or_a_path() -> None:
    addresses = [
        (copy.host, copy.path_prefix)
        for config in ({"domain": "dev.example.com"}, {})
        for copy in copies_of("alice", **config).values()
    ]

    assert addresses == [("alice.dev.example.com", None), (None, "/alice")]


def test_a_copy_inherits_what_it_does_not_set() -> None:
    config = {
        "cpu": 512,
        "memory": 1024,
        "desired-count": 2,
        "environment": {"A": "1"},
        "user": "node",
        "command": ["x"],
    }
    settings = settings_of({**config, "multidev": ["alice"]})
    (alice,) = settings.multidev

    assert alice.model_dump(exclude={"name"}) == settings.main.model_dump(exclude={"name"})


def test_a_copy_overrides_what_it_sets() -> None:
    bob = copies_of(
        {
            "name": "bob",
            "image": "nginx:1.29",
            "desired-count": 0,
            "cpu": 512,
            "memory": 1024,
            "priority": 7,
            "environment": {"B": 2},
        }
    )["web-bob"]

    assert (bob.image, bob.desired_count, bob.cpu, bob.memory, bob.priority) == (
        "nginx:1.29",
        0,
        512,
        1024,
        7,
    )
    assert bob.environment == {"B": "2"}


def test_a_copy_inherits_execute_command_or_sets_it() -> None:
    own = [{"name": "alice", "execute-command": True}, {"name": "bob", "execute-command": False}, "carol"]

    def those_with_it(*, main: bool) -> list[str]:
        settings = settings_of({"execute-command": main, "multidev": own})
        return [service.name for service in settings.services if service.execute_command]

    assert those_with_it(main=False) == ["web-alice"]
    assert those_with_it(main=True) == ["web", "web-alice", "web-carol"]


def test_a_copy_s_environment_is_merged_over_the_main_service_s() -> None:
    bob = copies_of({"name": "bob", "environment": {"B": "bob"}}, environment={"A": "main", "B": "main"})[
        "web-bob"
    ]

    assert bob.environment == {"A": "main", "B": "bob"}


def test_copies_do_not_share_their_environments() -> None:
    settings = settings_of({"multidev": [{"name": "bob", "environment": {"B": 1}}, "alice"]})

    assert [service.environment for service in settings.services] == [{}, {"B": "1"}, {}]


def test_a_copy_of_another_service_inherits_that_service_s_environment() -> None:
    services = {"api": {"environment": {"LEVEL": "api"}}}
    alice = {"name": "alice", "services": ["api"], "environment": {"A": "1"}}

    copies = copies_of(alice, services=services, environment={"LEVEL": "main"})

    assert copies["web-alice"].environment == {"LEVEL": "main", "A": "1"}
    assert copies["api-alice"].environment == {"LEVEL": "api", "A": "1"}


def test_adding_and_removing_a_copy_changes_no_other() -> None:
    before = copies_of(
        "alice", {"name": "bob", "cpu": 512, "memory": 1024}, "carol", domain="dev.example.com"
    )
    after = copies_of("dave", "carol", "alice", "erin", domain="dev.example.com")

    assert set(before) & set(after) == {"web-alice", "web-carol"}
    for name in set(before) & set(after):
        assert before[name] == after[name]


def test_the_priority_of_a_name_never_changes() -> None:
    # Another number here would move the rules of every stack that is deployed.
    assert {name: priority_of(name) for name in ("alice", "bob", "carol")} == {
        "alice": 29720,
        "bob": 43625,
        "carol": 40949,
    }


def test_names_never_get_explicit_priorities_or_the_last() -> None:
    priorities = {priority_of(f"name-{number}") for number in range(5000)}

    assert not priorities & set(EXPLICIT_PRIORITIES)
    assert max(priorities) < LAST_PRIORITY


def test_names_with_the_same_priority_are_refused_with_the_solution() -> None:
    priority = priority_of(MEETING[0])
    assert priority == priority_of(MEETING[1])

    fault = fault_of({"multidev": ["alice", *MEETING]})

    assert fault.startswith(
        f'multidev[2] = "web-{MEETING[1]}": another name, or a `priority` from 1 to 499: '
    )
    assert f"web-{MEETING[0]} and web-{MEETING[1]} have the same listener rule priority {priority}" in fault


def test_an_explicit_priority_resolves_a_collision() -> None:
    copies = copies_of(MEETING[0], {"name": MEETING[1], "priority": 1})

    assert [copy.priority for copy in copies.values()] == [priority_of(MEETING[0]), 1]


@pytest.mark.parametrize(
    ("multidev", "message"),
    [
        (["alice", "alice"], 'multidev[1].name = "alice": … each name once; it is multidev[0] already'),
        (["alice", {"name": "alice", "priority": 1}], "multidev[1].name … each name once"),
        (["web"], 'multidev[0].name = "web": … another name than the main service\'s'),
        (["Alice"], 'multidev[0].name = "Alice": … lowercase letters, digits and hyphens'),
        (["a_b"], 'multidev[0].name = "a_b": … lowercase letters, digits and hyphens'),
        (["-a"], 'multidev[0].name = "-a": … no hyphen at the edges'),
        (["a-"], 'multidev[0].name = "a-": … no hyphen at the edges'),
        ([""], 'multidev[0].name = "": … lowercase letters'),
        (["a" * 21], f"""multidev[0].name = "{"a" * 21}": … at most 20 characters"""),
        (["a" * 21], f"""multidev[0].name = "{"a" * 21}": … 8 of its 32 are Pulumi's random suffix"""),
        ([{"name": "bob", "priority": 50_000}], 'multidev[0] = "web-bob": … web and web-bob have the same'),
        (
            [{"name": "bob", "priority": 5}, {"name": "eve", "priority": 5}],
            'multidev[1] = "web-eve": … web-bob and web-eve have the same listener rule priority 5',
        ),
        ([{"name": "bob", "image": "A:B:C"}], "multidev[0].image … a registry reference"),
        ([{"name": "bob", "cpu": 300}], "multidev[0].cpu … one of 256"),
        ([{"name": "bob", "memory": 4096}], "multidev[0].memory … with cpu 256 memory is 512, 1024, 2048"),
        ([{"name": "bob", "cpu": 1024}], "multidev[0].memory = 512: … cpu 1024 and memory 512 are"),
        ([{"name": "bob", "environment": {"PORT": 1}}], 'multidev[0].environment.PORT = "1": … another name'),
        (
            [{"name": "bob", "environment": {"AWS_ACCESS_KEY_ID": "x"}}],
            "multidev[0].environment.AWS_ACCESS_KEY_ID = [secret]: … no credentials",
        ),
        ([{"name": "bob", "execute-command": "yes"}], "multidev[0].execute-command … true or false"),
        ([{"name": "bob", "environment": "x"}], "multidev[0].environment … an object of names"),
        (numbered(100), 'multidev = "101 rules": … fewer, or more of them rolling: they need 101 listener'),
    ],
)
def test_invalid_copies_are_refused(multidev: list[Any], message: str) -> None:
    refuses({"multidev": multidev}, message)


def test_a_copy_does_not_inherit_the_strategy() -> None:
    settings = settings_of({"multidev": ["alice"], "rollout": {"strategy": "canary"}})

    assert [service.rollout.strategy for service in settings.services] == ["canary", "rolling"]
    assert [service.rollout.has_two_target_groups for service in settings.services] == [True, False]


def test_a_copy_with_its_own_strategy_inherits_the_numbers() -> None:
    pause = {"stages": ["POST_SCALE_UP"]}
    settings = settings_of(
        {
            "rollout": {"strategy": "blue-green", "canary-percent": 10, "hooks": [pause]},
            "multidev": [{"name": "alice", "rollout": {"strategy": "canary", "bake-minutes": 9}}],
        }
    )
    (alice,) = settings.multidev

    assert (alice.rollout.strategy, alice.rollout.canary_percent) == ("canary", 10)
    assert (alice.rollout.bake_minutes, alice.rollout.hooks) == (9, ())


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"multidev": [{"name": "bob", "environment": {"DB": "x"}}], "secrets": {"DB": SECRET}},
            "multidev[0].environment.DB … another name, or none in `secrets`",
        ),
        (
            {"services": {"api": {}}, "multidev": [{"name": "alice", "services": ["apo"]}]},
            "multidev[0].services[0] … one of api",
        ),
        ({"services": {"web-alice": {}}, "multidev": ["alice"]}, 'multidev = "web-alice": … there would be'),
        (
            {"name": "storefront", "multidev": ["a-name-of-14-c"]},
            'multidev[0].name = "a-name-of-14-c": … at most 13 characters: the target group storefront-a-name-of-14-c has 25',
        ),
        (
            {"multidev": [{"name": "a-name-of-15-ch", "rollout": CANARY}]},
            "multidev[0].name … at most 14 characters: the target group web-a-name-of-15-ch-green has 25",
        ),
        (
            {
                "desired-count": 4,
                "deployment-maximum-percent": 150,
                "multidev": [{"name": "bob", "desired-count": 1}],
            },
            "multidev[0] … `deployment-maximum-percent` is 150 here and has to be 200 or more",
        ),
        (
            {"rollout": CANARY, "multidev": [*numbered(49, rollout=CANARY), "alice"]},
            'multidev = "101 rules": … 101 listener rules and target groups',
        ),
    ],
)
def test_copies_that_do_not_suit_the_main_service_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


@pytest.mark.parametrize(
    "config",
    [
        {"multidev": numbered(99)},
        {"rollout": CANARY, "multidev": numbered(49, rollout=CANARY)},
        {"multidev": ["a" * 20]},
    ],
    ids=["99 copies", "50 services that move traffic", "a name that fills the target group's"],
)
def test_copies_up_to_the_load_balancer_s_limit_are_accepted(config: dict[str, Any]) -> None:
    assert len(settings_of(config).multidev) == len(config["multidev"])


def test_sidecars_wait_for_the_container_of_their_own_copy() -> None:
    """The app's container has the name of its service."""
    wait = {"proxy": {"image": "nginx:1.29", "depends-on": {"web": "start"}}}
    api = {"proxy": {"image": "nginx:1.29", "depends-on": {"web": None, "api": "healthy"}}}
    settings = settings_of(
        {
            "sidecars": wait,
            "services": {"api": {"sidecars": api}, "admin": {}},
            "multidev": [{"name": "alice", "services": ["api"]}],
        }
    )

    assert {service.name: dict(service.sidecars["proxy"].depends_on) for service in settings.services} == {
        "web": {"web": "start"},
        "api": {"api": "healthy"},
        "admin": {"admin": "start"},
        "web-alice": {"web-alice": "start"},
        "api-alice": {"api-alice": "healthy"},
    }
