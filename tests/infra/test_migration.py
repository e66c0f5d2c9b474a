from pathlib import Path

from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_

from infra.app import context
from tests.infra.template import Synthesised


def test_functions_change_after_the_database(on_aws: Synthesised) -> None:
    (trigger,) = (n for n, r in on_aws.resources.items() if r["Type"] == "Custom::Trigger")
    names = {on_aws.functions()[step]["FunctionName"] for step in on_aws.functions()}
    for resource in on_aws.resources.values():
        name = resource.get("Properties", {}).get("FunctionName")
        if resource["Type"] == "AWS::Lambda::Function" and name in names:
            waits = trigger in resource.get("DependsOn", [])
            assert waits == (not str(name).endswith("-migrate")), name


def test_a_failed_migration_fails_the_deployment(on_aws: Synthesised) -> None:
    (trigger,) = on_aws.of_type("Custom::Trigger").values()
    assert trigger["InvocationType"] == "RequestResponse"
    assert trigger["ExecuteOnHandlerChange"] is True
    assert trigger["HandlerArn"]["Ref"].startswith("ServiceMigrateFunctionCurrentVersion")


def version_with(layer: Path, function: Path) -> str:
    app = App(context=context(), analytics_reporting=False)
    stack = Stack(app, "Stack")
    made = lambda_.Function(
        stack,
        "F",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="f.handle",
        code=lambda_.Code.from_asset(str(function)),
        layers=[lambda_.LayerVersion(stack, "L", code=lambda_.Code.from_asset(str(layer)))],
    )
    assert made.current_version  # made when it is requested
    resources = app.synth().get_stack_by_name("Stack").template["Resources"]
    (version,) = (n for n, r in resources.items() if r["Type"] == "AWS::Lambda::Version")
    return str(version)


def test_changed_sql_makes_a_new_version_to_migrate_with(tmp_path: Path) -> None:
    for name in ("one", "two", "function"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.sql").write_text(f"SELECT '{name}'")
    one, two = (version_with(tmp_path / name, tmp_path / "function") for name in ("one", "two"))
    assert one != two
    assert one == version_with(tmp_path / "one", tmp_path / "function")
