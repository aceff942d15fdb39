"""The handler of a row: create, read, update, delete and find by AWS's own service models."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, cast

import jmespath

from local.resources import tags as tagging
from local.resources.aws_calls import call
from local.resources.base import Handler, Names, Properties, ResourceError, Unknown
from local.resources.cloud import Cloud
from local.resources.comparison import normal, normal_json, normal_policy
from local.resources.conversion import Conversion, member_of, with_defaults
from local.resources.row import Change, Row


class RowHandler(Handler):
    """Manages the resources of one row; a subclass adds what the row cannot express."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.token = row.token
        self.force_new = frozenset(row.replace.split())
        self.attributes: Mapping[str, tuple[str, Any]] = row.attributes.names if row.attributes else {}
        self.in_attributes = {path.partition(".")[0] for path in self.attributes}
        attribute_defaults = {
            path: default for path, (_, default) in self.attributes.items() if default != ""
        }
        self.defaults = {**attribute_defaults, **row.defaults}
        self._tags_property = ["tags"] if row.tags else []
        self.changed_by = {key: change for change in row.changes for key in change.properties.split()}
        self.in_place = frozenset([*self.changed_by, *self.in_attributes, *self._tags_property])
        self.creation_only = frozenset(row.creation_only.split())
        self.name_property = row.name
        self.name_max_length = row.name_max_length
        self.tagged = row.tags is not None
        self.delete_before_replace = row.delete_before_replace
        self.conversion = Conversion(row.members, row.only_if_configured.split())

    def prepare(self, cloud: Cloud, *, name: str, old: Properties, new: Properties) -> Properties:
        """Return `new` with the schema's defaults."""
        del cloud, name, old
        return with_defaults(new, self.defaults)

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """Compare sets in any order, JSON by content, and policies by meaning."""
        if isinstance(old, Unknown) or isinstance(new, Unknown):
            return False
        if key in self.row.policies.split():
            return bool(normal_policy(old) == normal_policy(new))
        if key in self.row.json.split():
            return bool(normal_json(old) == normal_json(new))
        unordered = key in self.row.sets.split()
        return bool(normal(old, unordered=unordered) == normal(new, unordered=unordered))

    def create(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str:
        """Create it with all that the create call accepts, then change the properties with their own call."""
        row = self.row
        arguments: dict[str, Any] = self._fixed_arguments(row.create)
        later: list[Change] = []
        separate = {*self.creation_only, *self.in_attributes, *self._tags_property}
        for key in sorted(key for key, value in inputs.items() if value is not None and key not in separate):
            if self.conversion.put(arguments, self.shape(cloud, row.create), key, inputs[key]):
                continue
            if key not in self.changed_by:
                raise ResourceError(f"{self.token}: {row.create} has no argument for {key}: leave it out")
            if inputs[key] != self.defaults.get(key) and self.changed_by[key] not in later:
                later.append(self.changed_by[key])
        arguments = self.complete_arguments(row.create, arguments, inputs)
        answer = self.call(cloud, row.create, **arguments, **self.tag_arguments(cloud, urn, inputs))
        identifier = self.identifier(inputs, answer)
        for change in later:
            self._change(cloud, change, identifier, inputs)
        self._set_attributes(
            cloud, identifier, inputs, {key for key in inputs if inputs[key] != self.defaults.get(key)}
        )
        return identifier

    def read(self, cloud: Cloud, *, id: str, inputs: Properties) -> Properties | None:
        """Return its outputs, each in the form of the inputs where the meaning is the same."""
        item = self.describe(cloud, id, inputs)
        return None if item is None else self.outputs(cloud, id, item, inputs)

    def update(self, cloud: Cloud, *, id: str, old: Properties, new: Properties, changed: Names) -> None:
        """Change the properties `changed`, each by its operation."""
        for change in self.row.changes:
            if set(change.properties.split()) & set(changed):
                self._detach(cloud, change, id, old)
                self._change(cloud, change, id, new, changed)
        self._set_attributes(cloud, id, new, changed)
        if "tags" in changed and self.tagged:
            self._retag(cloud, id, old, new)

    def delete(self, cloud: Cloud, *, id: str, outputs: Properties) -> None:
        """Delete it, unless `skipDestroy` is set."""
        if outputs.get("skipDestroy") or not self.row.delete:
            return
        for change in self.row.changes:
            self._detach(cloud, change, id, outputs)
        arguments = self.identifying_arguments(cloud, self.row.delete, id)
        for key in self.creation_only:
            if outputs.get(key) is not None:
                self.conversion.put(arguments, self.shape(cloud, self.row.delete), key, outputs[key])
        self.call(cloud, self.row.delete, may_be_missing=True, **arguments)

    def find(self, cloud: Cloud, *, urn: str, inputs: Properties) -> str | None:
        """Find it by the tag with the URN; without tags by its natural key, if it matches the inputs."""
        items = self._list(cloud, inputs)
        candidates: Iterable[tuple[str, Any]] = ((self._id_of(item), item) for item in items)
        if not self.tagged and "{" in self.row.id:
            candidates = [(self.identifier(inputs, {}), None)]
        for identifier, item in candidates:
            if cloud.is_known(self.token, identifier):
                continue
            if self.tagged:
                matches = tagging.carries(self._tags(cloud, identifier, item), urn)
            else:
                live = self.read(cloud, id=identifier, inputs=inputs)
                matches = live and all(self.is_same(key, live.get(key), inputs[key]) for key in inputs)
            if matches:
                return identifier
        return None

    # What a subclass may use or replace.

    def identifier(self, inputs: Properties, answer: dict[str, Any]) -> str:
        """Return the id of the resource that was created with `inputs`."""
        template = self.row.id
        if "{" in template:
            return template.format_map(defaultdict(str, inputs))
        return str(jmespath.search(template, answer))

    def complete_arguments(
        self, operation: str, arguments: dict[str, Any], inputs: Properties
    ) -> dict[str, Any]:
        """Return the arguments of a call that creates or changes it, with what the row cannot express."""
        del operation, inputs
        return arguments

    def describe(self, cloud: Cloud, identifier: str, inputs: Properties) -> dict[str, Any] | None:
        """Return it as AWS describes it, None if it does not exist."""
        del inputs
        arguments = self.identifying_arguments(cloud, self.row.read, identifier)
        answer = self.call(cloud, self.row.read, may_be_missing=True, **arguments)
        items: list[Any] = (jmespath.search(self.row.items, answer) or []) if answer else []
        # Some operations also list what has the same prefix, or everything.
        return next((item for item in items if item and self._has_id(item, identifier)), None)

    def outputs(self, cloud: Cloud, identifier: str, item: dict[str, Any], inputs: Properties) -> Properties:
        """Return all outputs from AWS's description."""
        row = self.row
        echoed = {*row.not_returned.split(), *self.creation_only}
        separate = {*self.in_attributes, *echoed, *self._tags_property, *row.outputs}
        outputs: Properties = {"region": cloud.region}
        for key, path in row.outputs.items():
            live = self._output(cloud, identifier, item, path)
            outputs[key] = self.conversion.from_aws(live, key, inputs.get(key))
        for key in (self.force_new | self.in_place) - separate:
            if key in f"{row.policies} {row.json}".split():
                text = self.conversion.live(item, key)
                outputs[key] = json.dumps(text) if isinstance(text, Mapping) else text
            else:
                outputs[key] = self.conversion.pick(item, key, inputs.get(key))
        outputs |= self._read_attributes(cloud, identifier)
        for key, live in outputs.items():
            configured = inputs.get(key)
            if configured is not None and self.is_same(key, configured, live):
                outputs[key] = configured
            elif configured is None and key in row.only_if_configured.split():
                outputs[key] = None
        outputs |= {key: inputs.get(key) for key in echoed}
        outputs |= {key: value for key, value in row.computed.items() if not outputs[key]}
        if self.tagged:
            outputs["tags"] = outputs["tagsAll"] = tagging.visible(self._tags(cloud, identifier, item))
        return outputs

    def call(
        self, cloud: Cloud, operation: str, *, may_be_missing: bool = False, **arguments: Any
    ) -> dict[str, Any]:
        """Call AWS and return the answer; empty if the resource is missing and `may_be_missing`.

        Raises:
            ResourceError: AWS refused the call or did not answer.
        """
        codes = self.row.not_found.split() if may_be_missing else ()
        return call(cloud, self.row.service, operation, ignored_codes=codes, **arguments)

    def shape(self, cloud: Cloud, operation: str) -> Any:
        """Return botocore's shape of an operation's arguments."""
        meta = cloud.client(self.row.service).meta
        return meta.service_model.operation_model(meta.method_to_api_mapping[operation]).input_shape

    def identifying_arguments(self, cloud: Cloud, operation: str, identifier: str) -> dict[str, Any]:
        """Return the arguments of an operation that identify the resource, and its fixed ones."""
        if self.row.id_argument:
            return self._with_id(cloud, operation, self.row.id_argument, identifier)
        arguments = self._fixed_arguments(operation)
        for key, value in self._id_properties(identifier).items():
            if value:
                self.conversion.put(arguments, self.shape(cloud, operation), key, value)
        return arguments

    def tag_arguments(self, cloud: Cloud, urn: str, inputs: Properties) -> dict[str, Any]:
        """Return the arguments of the create call for its tags, including the URN's."""
        if not self.row.tags:
            return {}
        tags = tagging.with_urn(inputs.get("tags"), urn)
        if self.row.tag_specification:
            kind = {"ResourceType": self.row.tag_specification, "Tags": tagging.pairs(tags)}
            return {"TagSpecifications": [kind]}
        return self._tags_argument(cloud, self.row.create, tags)

    # Ids

    def _id_properties(self, identifier: str) -> dict[str, str]:
        """Return the properties that the id consists of."""
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.*?)", re.escape(self.row.id))
        match = re.fullmatch(pattern, identifier)
        if match is None:
            raise ResourceError(f"{self.token}: {identifier!r} is not a valid id, which is {self.row.id}")
        return match.groupdict()

    def _with_id(self, cloud: Cloud, operation: str, argument: str, value: str) -> dict[str, Any]:
        arguments = self._fixed_arguments(operation)
        Conversion({"id": argument}, ()).put(arguments, self.shape(cloud, operation), "id", value)
        return arguments

    def _fixed_arguments(self, operation: str) -> dict[str, Any]:
        return deepcopy(dict(self.row.arguments.get(operation, {})))

    @property
    def _id_member(self) -> str:
        return self.row.id_member or self.row.id.rpartition(".")[2]

    def _has_id(self, item: Mapping[str, Any], identifier: str) -> bool:
        if "{" not in self.row.id:
            # AWS also finds some by the last part of their ARN.
            return f"/{item.get(self._id_member, identifier)}".endswith(f"/{identifier}")
        returned = self._id_properties(identifier).keys() - set(self.row.not_returned.split())
        return all(
            (self.conversion.pick(item, key, None) or "") == value
            for key, value in self._id_properties(identifier).items()
            if key in returned
        )

    def _id_of(self, item: Any) -> str:
        if isinstance(item, str):
            return item
        if "{" not in self.row.id:
            return str(item[self._id_member])
        return self.row.id.format(**{key: self.conversion.pick(item, key, None) for key in self.force_new})

    def _list(self, cloud: Cloud, inputs: Properties) -> Iterator[Any]:
        operation = self.row.list_all or self.row.read
        arguments = self._fixed_arguments(operation)
        keys = frozenset(self.row.list_by.split()) if self.tagged else self.force_new
        for key in keys & inputs.keys():
            self.conversion.put(arguments, self.shape(cloud, operation), key, inputs[key])
        missing = self.row.not_found.split()
        answer = call(cloud, self.row.service, operation, ignored_codes=missing, all_pages=True, **arguments)
        yield from (
            jmespath.search(self.row.listed_items or self.row.items, answer) if answer else None
        ) or []

    def _output(self, cloud: Cloud, identifier: str, item: Any, path: str) -> Any:
        if path == "{id}":
            return identifier
        if "{id}" not in path:
            return jmespath.search(path, item)
        owner = item.get("OwnerId") or call(cloud, "sts", "get_caller_identity")["Account"]
        return f"arn:aws:{self.row.service}:{cloud.region}:{owner}:{path.format(id=identifier)}"

    # Changes

    def _detach(self, cloud: Cloud, change: Change, identifier: str, old: Properties) -> None:
        value = old.get(change.properties)
        if change.detach and value:
            arguments = self.identifying_arguments(cloud, change.detach, identifier)
            self.conversion.put(arguments, self.shape(cloud, change.detach), change.properties, value)
            self.call(cloud, change.detach, may_be_missing=True, **arguments)

    def _change(
        self, cloud: Cloud, change: Change, identifier: str, new: Properties, changed: Iterable[str] = ()
    ) -> None:
        keys = change.properties.split()
        if not change.operation or (change.detach and not new.get(keys[0])):
            return
        if change.reset and not new.get(keys[0]):
            self.call(cloud, change.reset, **self.identifying_arguments(cloud, change.reset, identifier))
            return
        arguments = {**self.identifying_arguments(cloud, change.operation, identifier), **change.arguments}
        # A call that also creates replaces everything: it removes what is left out.
        emptied = () if change.operation == self.row.create else changed
        for key in keys:
            if new.get(key) is not None or key in emptied:
                self.conversion.put(arguments, self.shape(cloud, change.operation), key, new.get(key))
        arguments = self.complete_arguments(change.operation, arguments, new)
        self.call(
            cloud, change.operation, **{k: value for k, value in arguments.items() if value is not None}
        )

    def _set_attributes(
        self, cloud: Cloud, identifier: str, inputs: Properties, changed: Collection[str]
    ) -> None:
        pairs: dict[str, str] = {}
        for path, (name, default) in self.attributes.items():
            key, _, part = path.partition(".")
            if key in changed:
                configured: Any = inputs.get(key)
                value: Any = configured.get(part) if part and configured else configured
                value = default if value is None else value
                pairs[name] = str(value).lower() if isinstance(value, bool) else str(value)
        if not self.row.attributes or not pairs:
            return
        operation = self.row.attributes.change
        arguments = self.identifying_arguments(cloud, operation, identifier)
        self.call(cloud, operation, **arguments, Attributes=tagging.pairs(pairs))

    def _read_attributes(self, cloud: Cloud, identifier: str) -> Properties:
        if not self.row.attributes:
            return {}
        operation = self.row.attributes.read
        answer = self.call(cloud, operation, **self.identifying_arguments(cloud, operation, identifier))
        texts = tagging.from_pairs(answer["Attributes"])
        outputs: Properties = {}
        for path, (name, default) in self.attributes.items():
            key, _, part = path.partition(".")
            text = texts.get(name, str(default))
            value = text.lower() == "true" if isinstance(default, bool) else type(default)(text)
            if part:
                outputs.setdefault(key, {})[part] = value
            else:
                outputs[key] = value
        return outputs

    # Tags

    def _tags_argument(self, cloud: Cloud, operation: str, tags: Mapping[str, str]) -> dict[str, Any]:
        assert self.row.tags is not None  # noqa: S101 -- called for tagged types only
        shape = self.shape(cloud, operation)
        name = str(member_of(shape, self.row.tags.tags_argument))
        member = shape.members[name]
        if member.type_name == "map":
            return {name: dict(tags)}
        return {name: tagging.pairs(tags, lower="key" in member.member.members)}

    def _tags(self, cloud: Cloud, identifier: str, item: Any) -> dict[str, str]:
        assert self.row.tags is not None  # noqa: S101 -- called for tagged types only
        tags, answer = self.row.tags, item
        if tags.read:
            # A list may contain only ARNs.
            by_output = tags.by_arn and not isinstance(item, str)
            arn = self.row.outputs.get("arn", "")
            resource = self._output(cloud, identifier, item, arn) if by_output else identifier
            arguments = self._with_id(cloud, tags.read, tags.id_argument, resource)
            answer = self.call(cloud, tags.read, may_be_missing=True, **arguments)
        live: Any = jmespath.search(tags.answer_path, answer) or {}
        return cast("dict[str, str]", live) if isinstance(live, dict) else tagging.from_pairs(live)

    def _retag(self, cloud: Cloud, identifier: str, old: Properties, new: Properties) -> None:
        tags = self.row.tags
        assert tags is not None  # noqa: S101 -- other types have no property `tags`
        resource = str(old["arn"]) if tags.by_arn else identifier
        to_set, to_remove = tagging.changes(old.get("tags"), new.get("tags"))
        if to_set:
            arguments = self._with_id(cloud, tags.tag, tags.id_argument, resource)
            arguments |= self._tags_argument(cloud, tags.tag, to_set)
            self.call(cloud, tags.tag, **arguments)
        if to_remove:
            arguments = self._with_id(cloud, tags.untag, tags.id_argument, resource)
            shape = self.shape(cloud, tags.untag).members[tags.keys_argument].member
            pairs = shape.type_name == "structure"
            arguments[tags.keys_argument] = [{"Key": key} for key in to_remove] if pairs else to_remove
            self.call(cloud, tags.untag, **arguments)
