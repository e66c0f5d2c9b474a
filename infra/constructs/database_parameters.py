"""The cluster's parameters: TLS, dead connections, logging."""

from infra.environments import Environment

_SLOW_MS = 1000


def parameters(environment: Environment) -> dict[str, str]:
    """Parameters of Aurora PostgreSQL, by name.

    Keepalives end the session of a client that vanished after at most 90 s, so that its locks
    are freed: no timeout of PostgreSQL ends a COPY that waits for its client.
    """
    chosen = {
        "rds.force_ssl": "1",
        # The functions agree on 1.3 with Aurora; 1.2 is for an operator's older tools.
        "ssl_min_protocol_version": "TLSv1.2",
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "6",
        "client_connection_check_interval": "10000",
        "log_min_duration_statement": str(_SLOW_MS),
        # The plan of a slow statement. Not of those inside routines: their values are part of
        # the text that they execute.
        "shared_preload_libraries": "pg_stat_statements,auto_explain",
        "auto_explain.log_min_duration": str(_SLOW_MS),
        "auto_explain.log_parameter_max_length": "0",
        "auto_explain.log_nested_statements": "0",
        "log_lock_waits": "1",
        "log_temp_files": "65536",
        # A statement can hold values; the log has what identifies it.
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
    }
    if environment.logical_replication:
        chosen["rds.logical_replication"] = "1"
    return chosen
