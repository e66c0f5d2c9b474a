"""The local stack's database, which is not part of the template."""

from collections.abc import Mapping, Sequence

from aws_cdk import ArnFormat, CfnParameter, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct


class LocalDatabase(Construct):
    """A running PostgreSQL: location by template parameters, passwords in Secrets Manager."""

    network = None
    reader_host = None

    def __init__(self, scope: Construct) -> None:
        """Add the parameters to the stack; their defaults come from the context."""
        super().__init__(scope, "Database")
        self._stack = Stack.of(self)
        self._host = self._parameter("DatabaseHost", "local.database_host", "127.0.0.1")
        self._port = self._parameter("DatabasePort", "local.database_port", "5432")
        self._name = self._parameter("DatabaseName", "local.database_name", "waybill")

    def _parameter(self, name: str, key: str, default: str) -> str:
        value = self.node.try_get_context(key)
        parameter = CfnParameter(
            self._stack, name, default=str(default if value is None else value)
        )
        return parameter.value_as_string

    def fields(self, role: str) -> Mapping[str, str]:
        """Connect as `role` with the password that the local stack generated."""
        return {
            "database_host": self._host,
            "database_port": self._port,
            "database_name": self._name,
            "database_user": role,
            "database_tls": "disable",
            "database_auth": "secret",
            "database_secret_arn": f"waybill/local/{role}",
        }

    def statements(self, role: str) -> Sequence[iam.PolicyStatement]:
        """Allow reading that password; Secrets Manager appends six characters to a name."""
        arn = self._stack.format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=f"waybill/local/{role}-??????",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        return [iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[arn])]
