import re
from pathlib import Path

from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_

from infra.context import context
from tests.infra.template import Synthesised, text


def test_functions_change_after_the_database(on_aws: Synthesised) -> None:
    (run,) = (n for n, r in on_aws.resources.items() if r["Type"] == "Custom::Migration")
    names = {on_aws.functions()[step]["FunctionName"] for step in on_aws.functions()}
    for resource in on_aws.resources.values():
        name = resource.get("Properties", {}).get("FunctionName")
        if resource["Type"] == "AWS::Lambda::Function" and name in names:
            waits = run in resource.get("DependsOn", [])
            assert waits == (not str(name).endswith("-migrate")), name


def test_a_deployment_calls_the_version_of_migrate_that_it_brings(on_aws: Synthesised) -> None:
    (run,) = on_aws.of_type("Custom::Migration").values()
    version = run["Version"]["Ref"]
    assert version.startswith("ServiceMigrateFunctionCurrentVersion")
    provider = on_aws.resources[run["ServiceToken"]["Fn::GetAtt"][0]]["Properties"]
    called = provider["Environment"]["Variables"]
    for kind in ("ON_EVENT", "IS_COMPLETE"):
        assert called[f"USER_{kind}_FUNCTION_ARN"] == {"Ref": version}


def test_a_deployment_waits_an_hour_for_migrations(on_aws: Synthesised) -> None:
    (waiter,) = on_aws.of_type("AWS::StepFunctions::StateMachine").values()
    (retry,) = re.findall(
        r'"IntervalSeconds":(\d+),"MaxAttempts":(\d+)', text(waiter["DefinitionString"])
    )
    assert int(retry[0]) * int(retry[1]) == 3600


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
