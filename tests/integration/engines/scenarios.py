"""Programs whose runs exercise what an engine decides, one after the other in the same stack."""

from __future__ import annotations

from typing import Final, NamedTuple

CHAIN: Final = """
one = ThingResource("one", size={size}, place="{place}")
two = ThingResource("two", needs=one.address)
pulumi.export("address", two.address)
pulumi.export("version", one.version)
"""

COMPONENTS: Final = """
class House(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("toys:index:House", name, {"colour": "white"}, opts)
        door = ThingResource(f"{name}-door", size=2, opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({"door": door.address, "nothing": None, "parts": [door.id, 3]})

house = House("house", pulumi.ResourceOptions(protect=%s))
"""

REMOTE: Final = """
provider = ThingProvider("mine", colour="blue", opts=pulumi.ResourceOptions(version="1.2.3"))
pair = PairResource(
    "pair", size=4, opts=pulumi.ResourceOptions(protect=True, retain_on_delete=True, providers=[provider])
)
after = ThingResource("after", needs=pair.address, opts=pulumi.ResourceOptions(provider=provider))
pulumi.export("pair", pair.address)
"""

SECRETS: Final = """
config = pulumi.Config()
password = ThingResource("password", password=pulumi.Output.secret("hush"), needs=config.require("colour"))
covered = ThingResource("covered", size=1, opts=pulumi.ResourceOptions(additional_secret_outputs=["address"]))
user = ThingResource("user", needs=password.name, tags={"a": covered.address, "b": [None, 1.5, True]})
pulumi.export("secret", covered.address)
pulumi.export("nested", {"list": [pulumi.Output.secret({"key": 1}), "plain"]})
"""

OPTIONS: Final = """
base = ThingResource("base", size=1, opts=pulumi.ResourceOptions(protect=True))
ignoring = ThingResource(
    "ignoring", size=%(size)s, needs="x", opts=pulumi.ResourceOptions(ignore_changes=["size"], depends_on=[base])
)
replaced = ThingResource("replaced", size=%(size)s, opts=pulumi.ResourceOptions(replace_on_changes=["size"]))
first = ThingResource(
    "first",
    place="%(place)s",
    opts=pulumi.ResourceOptions(
        delete_before_replace=True,
        custom_timeouts=pulumi.CustomTimeouts(create="5m", delete="1h"),
    ),
)
with_it = ThingResource("with-it", opts=pulumi.ResourceOptions(deleted_with=base, retain_on_delete=True))
following = ThingResource("following", opts=pulumi.ResourceOptions(replace_with=[first]))
solo = ThingResource("solo", solo=True, place="%(place)s")
"""

RENAMED: Final = """
class House(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("toys:index:House", name, {}, opts)
        ThingResource("door", opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({})

House("%(name)s", pulumi.ResourceOptions(aliases=%(aliases)s))
ThingResource("%(name)s-thing", opts=pulumi.ResourceOptions(aliases=%(thing)s))
"""

TRANSFORMED: Final = """
def larger(args):
    if args.type_ == "toy:index:Thing":
        props = {**args.props, "size": 7}
        return pulumi.ResourceTransformResult(
            props=props, opts=pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(retain_on_delete=True))
        )

pulumi.runtime.register_resource_transform(larger)
pair = PairResource("pair", size=1)
thing = ThingResource("thing", size=1, needs=pair.address)
"""

FUNCTIONS: Final = """
answer = pulumi.runtime.invoke("toy:index:count", {"items": [1, 2, 3]}).value
pulumi.export("count", answer["count"])
later = pulumi.runtime.invoke_output("toy:index:count", {"items": [ThingResource("thing").id]})
pulumi.export("later", later.apply(lambda found: found["count"]))
"""

HOOKS: Final = """
from pulumi.resource_hooks import ResourceHook, ResourceHookBinding, ResourceHookOptions

def seen(args):
    with open("hooks.txt", "a") as file:
        file.write(f"{args.name} {sorted(args.new_inputs or {})} {sorted(args.old_outputs or {})}\\n")

hooks = {kind: ResourceHook(kind, seen) for kind in (
    "before_create", "after_create", "before_update", "after_update", "before_delete", "after_delete"
)}
hooked = pulumi.ResourceOptions(
    hooks=ResourceHookBinding(**{kind: [hook] for kind, hook in hooks.items()})
)
ThingResource("hooked", size=%s, opts=hooked)
if %s:
    ThingResource("going", opts=hooked)
"""

TWO: Final = """
one = ThingResource("one", size=%(size)s, place="%(place)s", opts=pulumi.ResourceOptions(protect=%(protect)s))
two = ThingResource("two", needs=one.address)
"""

SOLO: Final = """
solo = ThingResource("solo", solo=True, place="%s")
bound = ThingResource("bound", place=solo.address)
loose = ThingResource("loose", needs=solo.address)
"""

SAME_END: Final[dict[str, tuple[str, ...]]] = {
    "nothing": ("pass\n",),
    "a chain, changed, then replaced": (
        CHAIN.format(size=1, place="here"),
        CHAIN.format(size=2, place="here"),
        CHAIN.format(size=2, place="there"),
    ),
    "things that go": (CHAIN.format(size=1, place="here"), 'ThingResource("two")\n'),
    "components": (COMPONENTS % "False", COMPONENTS % "True"),
    "a component from its provider": (REMOTE,),
    "secrets": (SECRETS,),
    "options": (
        OPTIONS % {"size": 1, "place": "here"},
        OPTIONS % {"size": 2, "place": "there"},
    ),
    "making room": tuple(SOLO % place for place in ("here", "there")),
    "a protection that ends with the replacement": (
        TWO % {"size": 1, "place": "here", "protect": True},
        TWO % {"size": 1, "place": "there", "protect": False},
    ),
    "things that go together": (
        """
whole = ThingResource("whole")
ThingResource("part", opts=pulumi.ResourceOptions(deleted_with=whole, depends_on=[whole]))
""",
        "pass\n",
    ),
    "things that others own": ('found = ThingResource.get_thing("found", "thing-of-others")\n',),
    "another name": (
        RENAMED % {"name": "old", "aliases": None, "thing": None},
        RENAMED
        % {
            "name": "new",
            "aliases": '[pulumi.Alias(name="old")]',
            "thing": '[pulumi.Alias(name="old-thing")]',
        },
    ),
    "transforms": (TRANSFORMED,),
    "functions": (FUNCTIONS,),
    "hooks": (HOOKS % (1, True), HOOKS % (2, False)),
}

FAILING_HOOK: Final = """
from pulumi.resource_hooks import ResourceHook, ResourceHookBinding

def refuse(args):
    raise Exception("the gate is shut")

hook = ResourceHook("gate", refuse)
first = ThingResource("first", size=%(size)s)
gated = ThingResource(
    "gated", size=%(size)s, opts=pulumi.ResourceOptions(hooks=ResourceHookBinding(%(kind)s=[hook]), depends_on=[first])
)
ThingResource("behind", needs=gated.address)
pulumi.export("size", %(size)s)
"""
_OPEN_GATE: Final = FAILING_HOOK.replace('raise Exception("the gate is shut")', "pass")


FAILURES: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "a hook before a creation": ((FAILING_HOOK % {"size": 1, "kind": "before_create"},), "the gate is shut"),
    "a hook after a creation": ((FAILING_HOOK % {"size": 1, "kind": "after_create"},), "the gate is shut"),
    "a hook before an update": (
        (
            _OPEN_GATE % {"size": 1, "kind": "before_update"},
            FAILING_HOOK % {"size": 2, "kind": "before_update"},
        ),
        "the gate is shut",
    ),
    "a hook after an update": (
        (
            _OPEN_GATE % {"size": 1, "kind": "after_update"},
            FAILING_HOOK % {"size": 2, "kind": "after_update"},
        ),
        "the gate is shut",
    ),
    "a hook before a deletion": (
        (
            FAILING_HOOK % {"size": 1, "kind": "before_delete"},
            FAILING_HOOK.partition("gated =")[0] % {"size": 1},
        ),
        "the gate is shut",
    ),
    "a protected resource would go": (
        (TWO % {"size": 1, "place": "here", "protect": True}, "pulumi.export('nothing', 1)\n"),
        "protect",
    ),
    "a protected resource would be replaced": (
        (
            TWO % {"size": 1, "place": "here", "protect": True},
            TWO % {"size": 1, "place": "there", "protect": True},
        ),
        "protect",
    ),
    "a type without a handler": (
        (
            """
known = ThingResource("known")
pulumi.CustomResource("toy:index:Unknown", "it", {"size": 1}, pulumi.ResourceOptions(depends_on=[known]))
""",
        ),
        "no handler",
    ),
    "a function that there is not": (
        ('pulumi.runtime.invoke("toy:index:nothing", {})\n',),
        "does not have it",
    ),
    "a component without a stand-in": (
        (
            """
class Other(pulumi.ComponentResource):
    def __init__(self):
        super().__init__("toy:index:Other", "other", {}, remote=True)

Other()
""",
        ),
        "no stand-in",
    ),
    "a changed property that the handler does not know": (
        ('ThingResource("one", unheard_of=1)\n', 'ThingResource("one", unheard_of=2)\n'),
        "unheard_of",
    ),
    "a program that raises": (
        (CHAIN.format(size=1, place="here"), 'ThingResource("one", size=2)\nraise Exception("a mistake")\n'),
        "a mistake",
    ),
    "an output that raises": (
        (
            CHAIN.format(size=1, place="here"),
            """
def wrong(_):
    raise Exception("a mistake")

one = ThingResource("one", size=2, place="here")
pulumi.export("more", 1)
pulumi.export("wrong", one.address.apply(wrong))
""",
        ),
        "a mistake",
    ),
    "a program that gives up": (('ThingResource("one")\nraise pulumi.RunError("no more")\n',), "no more"),
    "the same name twice": (
        ('first = ThingResource("one")\nThingResource("one", pulumi.ResourceOptions(depends_on=[first]))\n',),
        "one",
    ),
    "a stack that there is not": (('pulumi.StackReference("organization/toys/none")\n',), "none"),
    "a default provider that is switched off": (
        ('ThingResource("one")\n',),
        "provider",
    ),
}

BROKEN: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "a creation": ("create two", (TWO % {"size": 1, "place": "here", "protect": False},)),
    "an update": (
        "update one",
        tuple(TWO % {"size": size, "place": "here", "protect": False} for size in (1, 2)),
    ),
    "a deletion": (
        "delete two",
        (TWO % {"size": 1, "place": "here", "protect": False}, 'ThingResource("one")\n'),
    ),
    "reading what was just made": ("read one", (TWO % {"size": 1, "place": "here", "protect": False},)),
    "the creation of what was deleted to make room": (
        "create solo",
        tuple(SOLO % place for place in ("here", "there")),
    ),
    "the deletion to make room": ("delete solo", tuple(SOLO % place for place in ("here", "there"))),
    "the deletion of what was replaced": (
        "delete one",
        tuple(TWO % {"size": 1, "place": place, "protect": False} for place in ("here", "there")),
    ),
}


class Recorded(NamedTuple):
    """A stack whose checkpoint, as the CLI wrote it, is in tests/fixtures/cli."""

    texts: tuple[str, ...]
    """Its program, one version after the other."""
    fails: bool = False
    """Whether the last version does."""


RECORDED: Final[dict[str, Recorded]] = {
    "plain": Recorded((CHAIN.format(size=1, place="here"),)),
    "component": Recorded((COMPONENTS % "True",)),
    "remote-component": Recorded((REMOTE,)),
    "hooks": Recorded((HOOKS % (1, True),)),
    "stack-reference": Recorded(
        (
            """
other = pulumi.StackReference("plain", stack_name="organization/toys/plain")
ThingResource("thing", needs=other.get_output("address"))
""",
        )
    ),
    "failed-hook": Recorded(
        (
            _OPEN_GATE % {"size": 1, "kind": "before_update"},
            FAILING_HOOK % {"size": 2, "kind": "before_update"},
        ),
        fails=True,
    ),
}
