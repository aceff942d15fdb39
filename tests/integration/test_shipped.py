"""The three stacks as they ship, side by side on one machine, by the commands that a user types."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter

import pytest
import yaml

from local.resources.cloud import Cloud
from tests.integration import inventory
from tests.integration.project import DOMAIN, ROOT, SHIPPED, Project

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("shipped")]

HOSTS = {"dev": DOMAIN, "staging": "staging.example.com", "prod": "www.example.com"}
COPIES = ("alice", "bob")


@pytest.mark.parametrize("stack", SHIPPED)
def test_each_stack_answers_at_its_own_host(shipped: Project, stack: str) -> None:
    answer = shipped.get(HOSTS[stack])

    assert answer.status == 200
    assert (answer.json["environment"], answer.json["service"]) == (stack, "web")


@pytest.mark.parametrize("copy", COPIES)
def test_each_copy_answers_at_its_own_host(shipped: Project, copy: str) -> None:
    answer = shipped.get(f"{copy}.{DOMAIN}")

    assert (answer.json["environment"], answer.json["service"]) == ("dev", f"web-{copy}")


def test_an_unknown_host_gets_the_load_balancers_404(shipped: Project) -> None:
    assert shipped.get(f"carol.{DOMAIN}").status == 404


@pytest.mark.parametrize("stack", SHIPPED)
def test_a_second_up_changes_nothing_and_there_is_no_drift(shipped: Project, stack: str) -> None:
    run = shipped.up(stack)
    drift = shipped.run("drift", stack)

    assert run.changed == set()
    assert (drift.code, drift.out) == (0, f"{stack}: no drift\n"), drift.text


def test_the_diagram_of_a_deployed_stack_equals_that_of_its_declaration(shipped: Project) -> None:
    """One is read from the state, the other from a plan without a cloud."""
    deployed = shipped.done("diagram", "dev", "--deployed", "--json").json

    assert deployed == shipped.done("diagram", "dev", "--json").json


@pytest.mark.parametrize("output", ["cluster_arn", "load_balancer_arn", "log_group_name", "vpc_id"])
def test_stacks_share_no_resources(shipped: Project, output: str) -> None:
    assert len({shipped.outputs(stack)[output] for stack in SHIPPED}) == len(SHIPPED)


def test_prod_is_protected(shipped: Project) -> None:
    """It goes with all the rest when the session ends, which proves something only if it is."""
    protected = {resource["type"] for resource in shipped.resources("prod") if resource.get("protect")}

    assert "aws:lb/loadBalancer:LoadBalancer" in protected


def test_deleting_a_stack_leaves_the_others_unchanged(shipped: Project) -> None:
    before = inventory.emulated(shipped.endpoint)

    down = shipped.done("down", "staging")

    assert "remaining stacks: dev, prod" in down.err
    assert shipped.get(HOSTS["staging"]).status == 404
    assert [shipped.get(HOSTS[stack]).status for stack in ("dev", "prod")] == [200, 200]
    shipped.up("staging")
    again = inventory.emulated(shipped.endpoint)
    assert (again - before, before - again) == (Counter({inventory.KEPT_FOR_A_ROLLBACK: 1}), Counter())


def test_pulumi_works_on_a_local_stack_with_the_variables_that_env_prints(shipped: Project) -> None:
    """As documented: `eval "$(python -m automation --local env dev)"`, in a shell of a user with an account."""
    script = f"{shipped.done('env', 'dev').out}\npulumi stack output --json; pulumi stack export"
    user = {**os.environ, "AWS_PROFILE": "somebody-else", "PULUMI_ACCESS_TOKEN": "pul-0"}

    done = subprocess.run(
        ["bash", "-ec", script], cwd=ROOT, env=user, capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stderr
    outputs, end = json.JSONDecoder().raw_decode(done.stdout)
    exported = json.loads(done.stdout[end:])
    assert outputs["url"] == f"https://{DOMAIN}"
    assert len(exported["deployment"]["resources"]) == len(shipped.resources("dev"))


def test_a_user_s_own_files_stay_as_they_are(shipped: Project) -> None:
    """The CLI writes into stack files and into its home; those of local stacks are copies."""
    for stack in SHIPPED:
        path = f"Pulumi.{stack}.yaml"
        assert (shipped.folder / path).read_bytes() == (ROOT / path).read_bytes()
    assert (shipped.folder / ".local" / "home").is_dir()


def test_the_status_shows_tasks_version_and_address_of_each_service(shipped: Project) -> None:
    run = shipped.done("status", "dev")

    assert "web        1/1 task, steady since " in run.out
    assert f"http://alice.{DOMAIN}.localhost:{shipped.front_door_port}" in run.out
    assert run.out.count("image sha256:") == 3


def test_status_prints_json(shipped: Project) -> None:
    services = shipped.done("status", "dev", "--json").json

    assert {name: one["steady"] for name, one in services.items()} == {
        "web": True,
        "web-alice": True,
        "web-bob": True,
    }
    assert len({one["digest"] for one in services.values()}) == 1


def test_logs_shows_all_services_or_one(shipped: Project) -> None:
    for host in (DOMAIN, f"alice.{DOMAIN}"):
        shipped.get(host, "/?who")

    everything = shipped.done("logs", "dev", "--since", "1h")
    one = shipped.done("logs", "dev", "--since", "1h", "--service", "web", "--json")

    assert {line.split()[0] for line in everything.out.splitlines()} == {"web", "web-alice", "web-bob"}
    documents = [json.loads(line) for line in one.out.splitlines()]
    assert {document["service"] for document in documents} == {"web"}
    assert {"listening", "request"} <= {document["message"]["msg"] for document in documents}


def test_following_logs_shows_new_lines_until_ctrl_c(shipped: Project) -> None:
    process = shipped.begin("logs", "dev", "--since", "5m", "--follow")
    assert process.stdout is not None

    shipped.get(DOMAIN, "/seen-by-who-follows")
    for line in process.stdout:
        if "seen-by-who-follows" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Traceback" not in err


@pytest.mark.parametrize(("code", "ends_with"), [(0, 0), (3, 1)])
def test_run_prints_the_tasks_lines_and_returns_its_exit_code(
    shipped: Project, code: int, ends_with: int
) -> None:
    script = f"console.log(process.env.SERVICE_NAME, 'at work'); process.exit({code})"

    run = shipped.run("run", "dev", "--service", "web-alice", "--", "node", "-e", script)

    assert run.code == ends_with, run.err
    assert run.out == "web-alice at work\n"
    assert (f"exit code {code}" in run.err) is (code != 0)


def test_ctrl_c_stops_a_one_off_task(shipped: Project) -> None:
    script = "console.log('began'); setInterval(() => {}, 1000)"
    process = shipped.begin("run", "dev", "--", "node", "-e", script)
    assert process.stdout is not None

    assert process.stdout.readline() == "began\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130, err
    assert running_commands(shipped) == 0


def running_commands(project: Project) -> int:
    """How many tasks of the command `run` there are."""
    ecs = Cloud(project.endpoint).client("ecs")
    cluster = project.outputs()["cluster_arn"]
    arns = ecs.list_tasks(cluster=cluster, desiredStatus="RUNNING")["taskArns"]
    tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
    return sum(task.get("startedBy", "").startswith("run/") for task in tasks)


def test_exec_runs_a_command_in_a_services_container(shipped: Project) -> None:
    run = shipped.run("exec", "dev", "--service", "web-alice", "--", "node", "-p", "process.env.SERVICE_NAME")

    assert (run.code, run.out, run.err) == (0, "web-alice\n", "")


def test_exec_returns_the_commands_exit_code(shipped: Project) -> None:
    assert shipped.run("exec", "dev", "--", "node", "-e", "process.exit(5)").code == 1


@pytest.mark.parametrize("command", ["status", "logs"])
def test_commands_on_a_stack_that_is_not_up_name_the_next_command(shipped: Project, command: str) -> None:
    (shipped.folder / "Pulumi.other.yaml").write_text(yaml.safe_dump({"config": {}}))

    run = shipped.run(command, "other")

    assert run.code == 1
    assert "up other" in run.err
    assert "Traceback" not in run.err


def test_commands_without_an_emulator_say_so(project: Project) -> None:
    run = project.run("status", "dev")

    assert run.code == 1
    assert "`make up`" in run.err
    assert "Traceback" not in run.err
