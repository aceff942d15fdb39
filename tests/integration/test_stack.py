"""The whole program with real containers, by the commands that a person types."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.docker import connect
from local.resources.cloud import Cloud
from tests.integration.project import DOMAIN, Project, taken_down

pytestmark = pytest.mark.docker

HOSTS = (DOMAIN, f"alice.{DOMAIN}", f"bob.{DOMAIN}")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with taken_down(Project.copy_to(tmp_path_factory.mktemp("project"))) as project:
        project.up()
        yield project


@pytest.fixture
def stack(running: Project) -> Project:
    """The dev stack as it ships, whatever the test before has made of it."""
    running.configure()
    running.restore_app()
    running.up()
    return running


def eventually(happened: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.2)  # a rollout goes on by itself: nothing tells when it is done but asking
    return False


def versions(project: Project, hosts: tuple[str, ...] = HOSTS) -> set[str]:
    return {project.get(host).json["version"] for host in hosts}


@pytest.mark.parametrize("host", HOSTS)
def test_each_host_is_answered_by_its_own_service(stack: Project, host: str) -> None:
    answer = stack.get(host)

    label = host.removesuffix(DOMAIN).rstrip(".")
    assert answer.status == 200
    assert answer.json["environment"] == "dev"
    assert answer.json["service"] == (f"web-{label}" if label else "web")


def test_a_host_that_nobody_has_gets_the_load_balancer_s_404(stack: Project) -> None:
    assert stack.get(f"carol.{DOMAIN}").status == 404


def test_a_second_up_changes_nothing(stack: Project) -> None:
    run = stack.up()

    assert run.changed == set()


def test_office_hours_put_nothing_to_sleep_on_this_machine(stack: Project) -> None:
    """The emulator knows no schedule: the services answer at any hour, and stay as they are."""
    night = {"name": "evening", "cron": "0 18 ? * * *", "min-count": 0, "max-count": 0}
    day = {"name": "morning", "cron": "0 8 ? * MON-FRI *", "min-count": 1, "max-count": 4}
    hours = {"enabled": True, "cpu-percent": 0, "memory-percent": 0, "schedule": [day, night]}
    stack.configure(autoscaling=hours)

    first, second = stack.up(), stack.up()

    assert {name.split()[0] for name in first.changed} == {"Target", "ScheduledAction"}
    assert second.changed == set()
    assert [stack.get(host).status for host in HOSTS] == [200, 200, 200]


def test_the_next_up_runs_as_many_tasks_as_the_desired_count_says(stack: Project) -> None:
    stack.configure(desired_count=3)

    run = stack.up()

    assert run.changed == {"Service web", "Service web-alice", "Service web-bob"}
    instances: set[str] = set()

    def three_answer() -> bool:
        instances.add(stack.get(DOMAIN).json["instance"])
        return len(instances) == 3

    assert eventually(three_answer), instances

    stack.configure(desired_count=0)
    stack.up()

    assert eventually(lambda: [stack.get(host).status for host in HOSTS] == [503, 503, 503])


def test_other_cpu_and_memory_run_as_a_new_revision(stack: Project) -> None:
    before = int(stack.get(DOMAIN).json["task"]["revision"])
    stack.configure(cpu=512, memory=1024)

    run = stack.up()

    assert "TaskDefinition web" in run.changed
    assert eventually(lambda: int(stack.get(DOMAIN).json["task"]["revision"]) > before)


def test_a_change_of_the_app_answers_everywhere(stack: Project) -> None:
    before = versions(stack)
    page = stack.folder / "app" / "src" / "page.css"
    page.write_text(page.read_text() + "/* another shade */\n")

    stack.up()

    assert len(versions(stack)) == 1
    assert versions(stack).isdisjoint(before)


def test_an_app_that_goes_back_to_what_it_was_answers_again(stack: Project) -> None:
    before = versions(stack)
    page = stack.folder / "app" / "src" / "page.css"
    page.write_text(page.read_text() + "/* a mistake */\n")
    stack.up()
    stack.restore_app()

    stack.up()

    assert versions(stack) == before


def test_a_name_more_and_a_name_less_change_only_their_own(stack: Project) -> None:
    before = {host: stack.get(host).json["instance"] for host in (DOMAIN, f"bob.{DOMAIN}")}
    stack.configure(multidev=["bob", "carol"])

    run = stack.up()

    assert {name for name in run.changed if "alice" not in name and "carol" not in name} == set()
    assert stack.get(f"carol.{DOMAIN}").status == 200
    assert stack.get(f"alice.{DOMAIN}").status == 404
    assert {host: stack.get(host).json["instance"] for host in before} == before


def test_a_repository_deleted_by_hand_with_its_images_is_made_and_filled_again(stack: Project) -> None:
    ecr = Cloud(stack.endpoint).client("ecr")
    (name,) = (
        repository["repositoryName"]
        for repository in ecr.describe_repositories()["repositories"]
        if not repository["repositoryName"].startswith("app-cache")
    )
    ecr.delete_repository(repositoryName=name, force=True)

    preview = stack.run("preview")
    run = stack.up()

    assert "aws:ecr:Repository app is gone: it was deleted by hand and will be made anew" in preview.text
    assert run.changed >= {"Repository app", "Image app"}
    assert [stack.get(host).status for host in HOSTS] == [200, 200, 200]
    assert stack.up().changed == set()


def test_a_preview_names_what_would_change_and_changes_nothing(stack: Project) -> None:
    stack.configure(desired_count=2)

    run = stack.run("preview")

    assert run.code == 0, run.text
    assert "desiredCount: 1 → 2" in run.text
    stack.configure()
    assert stack.up().changed == set()


def test_the_logs_of_every_service_are_printed(stack: Project) -> None:
    for host in HOSTS:
        stack.get(host)

    text = stack.run("logs").text

    assert {line.split()[0] for line in text.splitlines()} >= {"web", "web-alice", "web-bob"}


def test_the_status_tells_tasks_and_addresses(stack: Project) -> None:
    text = stack.run("status").text

    assert f"http://alice.{DOMAIN}.localhost:{stack.front_door_port}" in text
    assert text.count("1/1 tasks") == 3


def test_an_interrupted_up_goes_on_where_it_stopped(tmp_path: Path) -> None:
    project = Project.copy_to(tmp_path)
    try:
        process = project.start("up", "dev")
        assert process.stdout is not None
        for line in process.stdout:
            if "LoadBalancer" in line:
                break
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
        assert process.returncode == 130, rest

        run = project.up()

        assert "LoadBalancer load-balancer" not in run.changed
        assert [project.get(host).status for host in HOSTS] == [200, 200, 200]
    finally:
        project.run("down")


def test_down_leaves_nothing(tmp_path: Path) -> None:
    project = Project.copy_to(tmp_path)
    project.up()

    run = project.run("down")

    assert run.code == 0, run.text
    client = connect()
    try:
        mine = f"localhost:{project.emulator_port}/"
        images = [tag for image in client.images.list() for tag in image.tags if tag.startswith(mine)]
        containers = [
            c.name for c in client.containers.list(all=True) if mine in str(c.attrs["Config"]["Image"])
        ]
    finally:
        client.close()
    assert (images, containers) == ([], [])
    assert not (project.folder / ".local").exists()
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(project.emulator_port) not in processes


def test_without_a_domain_copies_live_under_their_name(tmp_path: Path) -> None:
    project = Project.copy_to(tmp_path)
    project.configure(domain="", zone="", multidev=["alice"])
    try:
        project.up()
        addresses = project.addresses()

        main, alice = (project.get_url(addresses[name]) for name in ("web", "web-alice"))
        assert main.json["service"] == "web"
        assert alice.json["service"] == "web-alice"
        assert project.get_url(f"{addresses['web-alice']}/healthz").status == 200
    finally:
        project.run("down")
