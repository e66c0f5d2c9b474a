import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from infra.bootstrap import ROOT
from infra.cost.load import LIMITED_POLLERS
from infra.functions import FUNCTIONS, REPORTER, SPECS
from infra.layers.sources import function_source
from infra.routes import ROUTES
from tests.infra.template import Synthesised

FOLDERS = {path.parent.name for path in (ROOT / "functions").rglob("settings.py")}
# For every function, whatever its settings.
GENERAL = {"POWERTOOLS_SERVICE_NAME", "AWS_USE_DUALSTACK_ENDPOINT"}


def test_every_function_folder_is_deployed(synthesised: Synthesised) -> None:
    deployed = FUNCTIONS if synthesised.is_local else SPECS
    assert synthesised.functions().keys() == deployed.keys()
    # Errors are reported where `cdk.json` names a tracker (`test_error_reports.py`).
    assert SPECS.keys() | {REPORTER.name} == FOLDERS


def test_the_environment_is_the_settings_model(synthesised: Synthesised) -> None:
    for name, function in synthesised.functions().items():
        fields = SPECS[name].settings.model_fields
        given = function["Environment"]["Variables"].keys() - GENERAL
        assert given <= {field.upper() for field in fields}
        assert {field.upper() for field, info in fields.items() if info.is_required()} <= given


def test_the_settings_model_takes_the_environment(synthesised: Synthesised) -> None:
    for name, function in synthesised.functions().items():
        variables = function["Environment"]["Variables"]
        known = {key: value if isinstance(value, str) else "1" for key, value in variables.items()}
        SPECS[name].settings.from_environment(known)


def test_every_function_has_the_defaults(synthesised: Synthesised) -> None:
    for name, function in synthesised.functions().items():
        assert function["Runtime"] == "python3.13"
        assert function["Architectures"] == ["x86_64"]
        assert function["TracingConfig"] == {"Mode": "Active"}
        assert function["Handler"] == f"{SPECS[name].module}.handler.handle"
        assert function["Timeout"] <= 900
        assert function["LoggingConfig"]["LogGroup"]


def test_functions_of_the_api_end_with_the_gateway(synthesised: Synthesised) -> None:
    for name in {route.function for route in ROUTES}:
        assert synthesised.functions()[name]["Timeout"] == 29


def test_every_log_group_expires(synthesised: Synthesised) -> None:
    groups = synthesised.of_type("AWS::Logs::LogGroup")
    assert all(group["RetentionInDays"] >= 7 for group in groups.values())
    used = {
        function["LoggingConfig"]["LogGroup"]["Ref"]
        for function in synthesised.functions().values()
    }
    assert used < groups.keys()
    # Of the CDK's own functions, some share one, and others have one by their name.
    others = len(
        {
            function.get("LoggingConfig", {}).get("LogGroup", {}).get("Ref", name)
            for name, function in synthesised.of_type("AWS::Lambda::Function").items()
        }
        - used
    )
    # API access; on AWS Aurora and those functions, and where data are kept the network.
    flow = len(synthesised.of_type("AWS::EC2::FlowLog"))
    assert len(groups) == len(used) + (1 if synthesised.is_local else 2 + others + flow)


def test_functions_that_need_the_database_are_in_its_network(on_aws: Synthesised) -> None:
    for name, function in on_aws.functions().items():
        inside = SPECS[name].role is not None
        assert ("VpcConfig" in function) == inside
        variables = function["Environment"]["Variables"]
        assert (variables.get("AWS_USE_DUALSTACK_ENDPOINT") == "true") == inside
        if inside:
            assert function["VpcConfig"]["Ipv6AllowedForDualStack"] is True


def test_only_steps_that_touch_rows_get_arrow(on_aws: Synthesised) -> None:
    with_layer = {
        layer: {
            name
            for name, found in on_aws.functions().items()
            if f"{layer.capitalize()}Layer" in str(found["Layers"])
        }
        for layer in ("core", "arrow", "auth", "cache")
    }
    assert with_layer["core"] == SPECS.keys()
    assert with_layer["arrow"] == {
        *("plan", "load", "batch", "datasets"),
        # Only for responses in Parquet and Arrow.
        *("analytics", "lookups"),
    }
    # To verify tokens, and to encrypt texts.
    assert with_layer["auth"] == {"authorizer", "load", "batch", "jobs", "documents"}
    assert with_layer["cache"] == {"analytics", "lookups"}


def test_the_other_steps_do_without_arrow() -> None:
    others = [spec.module for spec in SPECS.values() if not spec.arrow]
    script = (
        "import sys\n"
        "from importlib import import_module\n"
        "for package in ('pyarrow', 'numpy', 'pgpq'): sys.modules[package] = None\n"
        f"for module in {others!r}: import_module(f'{{module}}.handler')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import infra\n{script}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"AWS_DEFAULT_REGION": "us-east-1", "PATH": ""},
    )
    assert done.returncode == 0, done.stderr


def test_a_package_contains_its_own_function_only(tmp_path: Path) -> None:
    folder = function_source(FUNCTIONS["plan"], tmp_path)
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert "functions/__init__.py" in files
    assert "functions/pipeline/plan/handler.py" in files
    assert all(
        re.fullmatch(r"functions/(__init__\.py|pipeline/(__init__\.py|plan/.+))", file)
        for file in files
    )
    assert not [file for file in files if "__pycache__" in file]


def test_the_concurrency_of_every_function_is_reserved(on_aws: Synthesised) -> None:
    functions = on_aws.functions()
    reserved = {name: each["ReservedConcurrentExecutions"] for name, each in functions.items()}
    readme = (ROOT / "infra" / "README.md").read_text()
    assert f"{sum(reserved.values())} in all" in readme
    assert str(sum(reserved.values()) + 100) in readme
    # An event source that delivers more than are reserved would drop messages into its DLQ.
    for mapping in on_aws.of_type("AWS::Lambda::EventSourceMapping").values():
        name = next(name for name in functions if name.capitalize() in str(mapping["FunctionName"]))
        # Without a limit it begins with five pollers, more come with a backlog only.
        limit = mapping.get("ScalingConfig", {}).get("MaximumConcurrency", LIMITED_POLLERS)
        assert limit <= reserved[name]
    # Those that wait leave others to requests that do not.
    for name in ("analytics", "jobs"):
        waits = int(functions[name]["Environment"]["Variables"]["WAITS_AT_ONCE"])
        assert waits < reserved[name]


def test_only_reads_that_may_be_behind_go_to_a_reader(
    synthesise: Callable[[str], Synthesised],
) -> None:
    readers = {
        environment: {
            step
            for step, function in synthesise(environment).functions().items()
            if "DATABASE_READER_HOST" in function["Environment"]["Variables"]
        }
        for environment in ("local", "dev", "staging", "prod")
    }
    assert readers == {
        "local": set(),
        "dev": set(),
        "staging": set(),
        "prod": {"analytics", "jobs"},
    }


def test_no_function_has_a_snapshot_as_the_decision_says(on_aws: Synthesised) -> None:
    has = {name for name, each in on_aws.functions().items() if "SnapStart" in each}
    assert "- **No SnapStart.**" in (ROOT / "infra" / "README.md").read_text()
    assert has == set()
