"""Queries on a synthesised environment."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

Resource = Mapping[str, Any]
Statement = Mapping[str, Any]


def text(value: object) -> str:
    """A template's value as text, with what is known only at deploy as `${…}`."""
    if not isinstance(value, dict):
        return str(value)
    ((name, given),) = value.items()
    match name:
        case "Ref":
            return f"${{{given}}}"
        case "Fn::GetAtt":
            return f"${{{'.'.join(given)}}}"
        case "Fn::Join":
            return str(given[0]).join(text(part) for part in given[1])
        case "Fn::GetStackOutput":
            return f"${{{_published(str(given['OutputName']))}}}"
        case "Fn::Select" | "Fn::Split" | "Fn::Sub":
            return text(given if isinstance(given, str) else given[1])
    raise AssertionError(f"no text for {name}")


def _published(output: str) -> str:
    """`PublishOutputFnGetAttX1234Arn9ABC` → X1234Arn9ABC"""
    return re.sub(r"^PublishOutput(Ref|FnGetAtt)", "", output)


def listed(value: object) -> list[Any]:
    """The value as a list: templates write one thing without brackets."""
    return value if isinstance(value, list) else [value]


class Synthesised(NamedTuple):
    """The templates of one environment; logical names are unique over its stacks."""

    environment: str
    folder: Path
    templates: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, environment: str, folder: Path) -> "Synthesised":
        """The templates in the assembly `folder`."""
        found = {
            path.name.removesuffix(".template.json"): json.loads(path.read_text())
            for path in folder.glob("*.template.json")
        }
        return cls(environment, folder, found)

    @property
    def is_local(self) -> bool:
        return self.environment == "local"

    @property
    def resources(self) -> Mapping[str, Resource]:
        merged: dict[str, Resource] = {}
        for template in self.templates.values():
            assert not merged.keys() & template["Resources"].keys()
            merged |= template["Resources"]
        return merged

    def of_type(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Properties by logical name."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def buckets(self) -> dict[str, Mapping[str, Any]]:
        """Properties of the landing and the state bucket, by logical name."""
        buckets = self.of_type("AWS::S3::Bucket")
        return {
            name: one
            for name, one in buckets.items()
            if name.startswith("Buckets") and "AccessLogs" not in name
        }

    def functions(self) -> dict[str, Mapping[str, Any]]:
        """Properties of our functions, by step."""
        prefix = f"waybill-{self.environment}-"
        return {
            str(found["FunctionName"]).removeprefix(prefix): found
            for found in self.of_type("AWS::Lambda::Function").values()
            if str(found.get("FunctionName", "")).startswith(prefix)
        }

    def logical_names(self) -> dict[str, str]:
        """The logical names of our functions, by step."""
        ours = self.functions()
        return {
            step: name
            for name, found in self.of_type("AWS::Lambda::Function").items()
            for step, one in ours.items()
            if found is one
        }

    def invoked(self, value: object) -> str:
        """The step whose function a value names, itself or by its alias."""
        named = set(re.findall(r"\$\{(\w+)", text(value)))
        aliases = self.of_type("AWS::Lambda::Alias")
        named |= {alias["FunctionName"]["Ref"] for name, alias in aliases.items() if name in named}
        (step,) = [step for step, name in self.logical_names().items() if name in named]
        return step

    def statements(self) -> Iterator[tuple[str, Statement]]:
        """Every statement of a role, with the role's logical name."""
        for name, role in self.of_type("AWS::IAM::Role").items():
            for policy in role.get("Policies", []):
                yield from ((name, one) for one in policy["PolicyDocument"]["Statement"])
        for policy in self.of_type("AWS::IAM::Policy").values():
            for role in policy["Roles"]:
                for one in policy["PolicyDocument"]["Statement"]:
                    yield role["Ref"], one

    def statements_of(self, step: str) -> list[Statement]:
        """What the function of the step may do."""
        role = self.functions()[step]["Role"]["Fn::GetAtt"][0]
        return [statement for name, statement in self.statements() if name == role]
