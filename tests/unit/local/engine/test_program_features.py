"""What Pulumi programs use beside plain resources: secrets, hooks, transforms, components, other stacks."""

from __future__ import annotations

import json
from pathlib import Path

import pulumi
import pytest
from pulumi import ResourceHook, ResourceHookArgs, ResourceHookBinding, ResourceOptions

from local.engine.errors import StepFailedError
from tests.unit.local.engine.toys import Stage, ThingResource


def test_a_secret_reaches_the_handler_and_is_encrypted_in_the_state(stage: Stage) -> None:
    stage.up(lambda: ThingResource("a", password=pulumi.Output.secret("hush")) and None)

    assert stage.world.things["thing-0"]["password"] == "hush"
    assert "hush" not in stage.target.state_path.read_text()


def test_a_secret_that_did_not_change_is_no_change(stage: Stage) -> None:
    def program() -> None:
        ThingResource("a", password=pulumi.Output.secret("hush"))

    stage.up(program)
    stage.up(program, refresh=True)

    assert stage.steps() == []


def test_a_secret_output_of_the_stack_is_encrypted(stage: Stage) -> None:
    stage.up(lambda: pulumi.export("token", pulumi.Output.secret("hush")))

    assert "hush" not in stage.target.state_path.read_text()


def test_another_passphrase_is_refused_in_one_sentence(stage: Stage, tmp_path: Path) -> None:
    from dataclasses import replace

    from local.engine.secrets import WrongPassphraseError

    stage.up(lambda: pulumi.export("token", pulumi.Output.secret("hush")))
    stage.target = replace(stage.target, passphrase="another")

    with pytest.raises(WrongPassphraseError, match="PULUMI_CONFIG_PASSPHRASE"):
        stage.up(lambda: None)


def test_a_hook_runs_before_the_resource_is_made_and_sees_its_inputs(stage: Stage) -> None:
    def program() -> None:
        async def before(args: ResourceHookArgs) -> None:
            stage.world.calls.append(f"hook {args.name} {args.new_inputs['size']}")

        hook = ResourceHook("look", before)
        ThingResource("a", ResourceOptions(hooks=ResourceHookBinding(before_create=[hook])), size=1)

    stage.up(program)

    assert stage.world.calls == ["hook a 1.0", "create a"]


def test_a_hook_that_raises_keeps_the_resource_from_being_made(stage: Stage) -> None:
    def program() -> None:
        async def before(_args: ResourceHookArgs) -> None:
            raise ValueError("the migration failed")

        hook = ResourceHook("migrate", before)
        ThingResource("a", ResourceOptions(hooks=ResourceHookBinding(before_create=[hook])))

    with pytest.raises(StepFailedError, match="the migration failed"):
        stage.up(program)

    assert stage.world.things == {}


def test_delete_hooks_run_while_the_program_is_still_there(stage: Stage) -> None:
    def program(*, with_thing: bool) -> None:
        async def before(args: ResourceHookArgs) -> None:
            stage.world.calls.append(f"hook {args.name}")

        hook = ResourceHook("farewell", before)
        if with_thing:
            ThingResource("a", ResourceOptions(hooks=ResourceHookBinding(before_delete=[hook])))

    stage.up(lambda: program(with_thing=True))
    stage.world.calls.clear()

    stage.up(lambda: program(with_thing=False))

    assert stage.world.calls == ["hook a", "delete a"]


def test_a_state_with_hooks_says_so_in_the_cli_s_words(stage: Stage) -> None:
    def program() -> None:
        async def nothing(_args: ResourceHookArgs) -> None:
            pass

        hook = ResourceHook("nothing", nothing)
        ThingResource("a", ResourceOptions(hooks=ResourceHookBinding(after_create=[hook])))

    stage.up(program)

    document = json.loads(stage.target.state_path.read_text())
    (thing,) = [r for r in document["checkpoint"]["latest"]["resources"] if r["type"] == "toy:index:Thing"]
    assert (document["version"], document["features"]) == (4, ["hooks"])
    assert thing["resourceHooks"] == {"AfterCreate": ["nothing"]}


def test_a_stack_transform_changes_every_resource(stage: Stage) -> None:
    def program() -> None:
        def double(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
            return pulumi.ResourceTransformResult(props={**args.props, "size": 2}, opts=args.opts)

        pulumi.runtime.register_stack_transform(double)
        ThingResource("a", size=1)

    stage.up(program)

    assert stage.world.things["thing-0"]["size"] == 2


def test_a_transform_can_change_options(stage: Stage) -> None:
    def program() -> None:
        def protect(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
            opts = ResourceOptions.merge(args.opts, ResourceOptions(protect=True, ignore_changes=["size"]))
            return pulumi.ResourceTransformResult(props=args.props, opts=opts)

        ThingResource("a", ResourceOptions(transforms=[protect]))

    state = stage.up(program)

    (thing,) = [r for r in state.resources if r.type == "toy:index:Thing"]
    assert (thing.protect, thing.ignore_changes) == (True, ["size"])


class Pair(pulumi.ComponentResource):
    address: pulumi.Output[str]

    def __init__(self, name: str, opts: ResourceOptions | None = None, **props: object) -> None:
        super().__init__("toy:index:Pair", name, {"address": None, "first": None, **props}, opts, remote=True)


def test_a_remote_component_makes_its_children(stage: Stage) -> None:
    state = stage.up(lambda: pulumi.export("address", Pair("pair", size=4).address))

    urns = [r.urn.split("::", 2)[2] for r in state.resources if "Thing" in r.type]
    assert urns == [
        "toy:index:Pair$toy:index:Thing::pair-first",
        "toy:index:Pair$toy:index:Thing$toy:index:Thing::pair-second",
    ]
    assert state.outputs() == {"address": "thing-1.toys"}


def test_who_uses_a_remote_component_s_output_goes_before_the_child_it_comes_from(stage: Stage) -> None:
    stage.up(lambda: ThingResource("user", needs=Pair("pair").address) and None)
    stage.world.calls.clear()

    stage.destroy()

    assert stage.world.calls == ["delete user", "delete pair-second", "delete pair-first"]


def test_a_transform_of_a_remote_component_reaches_its_children(stage: Stage) -> None:
    def enlarge(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.name != "pair-first":
            return None
        return pulumi.ResourceTransformResult(props={**args.props, "size": 8}, opts=args.opts)

    stage.up(lambda: Pair("pair", ResourceOptions(transforms=[enlarge]), size=4) and None)

    assert stage.world.things["thing-0"]["size"] == 8


def test_a_remote_component_is_previewed_with_unknowns(stage: Stage) -> None:
    stage.preview(lambda: Pair("pair") and None)

    assert stage.steps() == ["create pair-first", "create pair-second"]


def test_a_stack_reference_reads_another_stack_of_this_machine(stage: Stage, tmp_path: Path) -> None:
    other = Stage(tmp_path, stack="other")
    other.up(lambda: pulumi.export("image", "app@sha256:1"))

    state = stage.up(
        lambda: pulumi.export("image", pulumi.StackReference("organization/toys/other").get_output("image")),
    )

    assert state.outputs() == {"image": "app@sha256:1"}


def test_a_reference_to_a_stack_that_is_not_there_names_those_that_are(stage: Stage, tmp_path: Path) -> None:
    Stage(tmp_path, stack="other").up(lambda: None)

    with pytest.raises(StepFailedError, match=r"nowhere.*other"):
        stage.up(lambda: pulumi.StackReference("organization/toys/nowhere") and None)


def test_an_explicit_provider_serves_its_children(stage: Stage) -> None:
    def program() -> None:
        provider = pulumi.ProviderResource("toy", "mine", {"region": "eu-west-1"})
        ThingResource("a", ResourceOptions(provider=provider))

    state = stage.up(program)

    (thing,) = [r for r in state.resources if r.type == "toy:index:Thing"]
    assert "pulumi:providers:toy::mine::" in thing.provider


def test_options_that_the_local_run_has_not_are_refused_by_name(stage: Stage) -> None:
    with pytest.raises(StepFailedError, match="import"):
        stage.up(lambda: ThingResource("a", ResourceOptions(import_="x")) and None)
