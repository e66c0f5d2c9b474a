"""The environments: local, dev, staging and prod, and nothing else that differs between them.

Chosen with `-c env=dev` or `WAYBILL_ENV=dev`; there is no default, so that nothing is deployed by
accident. `cdk.json` names the account of each environment (`accounts`), and credentials of
another account are refused. The region is `CDK_DEFAULT_REGION`, by default us-east-1.

What the local stack relies on (`python -m infra.app` with `CDK_OUTDIR` set):

* one CloudFormation stack, `waybill-local`; its physical names are fixed: the buckets
  `waybill-local-landing` and `waybill-local-state`, queues and functions `waybill-local-<name>`;
* template parameters, so that a changed port needs no new synthesis. Each defaults to the
  context value (in `CDK_CONTEXT_JSON`) beside it:
    DatabaseHost    `local.database_host`   127.0.0.1
    DatabasePort    `local.database_port`   5432
    DatabaseName    `local.database_name`   waybill
    TokenJwks       none                    no keys: every token is refused
    ConsoleUrl      none                    http://127.0.0.1:4566/, for links in notifications
* a secret `waybill/local/<role>` with a `password` field in Secrets Manager for each of the
  roles of the functions (`infra/functions.py`) and waybill_admin, made by the local stack before
  a function is called;
* the template is over the 51,200 bytes of `TemplateBody`: pass it by `TemplateURL`;
* outputs, the same in every environment (the buckets' are the data stack's on AWS): ApiUrl,
  RestApiId, ApiStage, LandingBucketName, StateBucketName, LandedQueueUrl, ChunksQueueUrl,
  MergesQueueUrl, ExtractsQueueUrl, LandedDlqUrl, ChunksDlqUrl, MergesDlqUrl, ExtractsDlqUrl,
  UndeliveredDlqUrl, and for each step <Step>FunctionName (UploadFunctionName, PlanFunctionName, …
  MigrateFunctionName).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

LOCAL_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"
LOCAL_ISSUER = "https://issuer.waybill.example/local"
"""Issuer of the local stack's tokens; it is a name only, the keys are in the stack's home."""
LOCAL_AUDIENCE = "waybill-local"


class UnknownTargetError(Exception):
    """The environment or its account is not known; the message says what to do."""


class InvalidOriginError(Exception):
    """The origin of pages is not one; the message shows the form."""


# As browsers send it: in lower case, without a path or a slash at the end.
_ORIGIN = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?")


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment's choices; what is not here is the same in all of them."""

    name: str
    account: str | None = None
    region: str = DEFAULT_REGION
    keep_data: bool
    """Buckets and database survive the stack, and the database refuses deletion."""
    log_retention_days: int
    noncurrent_days: int
    """Days that an overwritten or deleted object's version is kept."""
    least_acu: float = 0
    """Aurora capacity units when idle; 0 pauses the database."""
    most_acu: float = 2
    """Aurora capacity units at most; max_connections follows it."""
    backup_days: int = 7
    readers: int = 0
    """Instances in other zones, which take over when the writer fails and answer analytics."""
    logical_replication: bool = False
    """Lets other systems follow the tables; a cluster with it never pauses."""
    cache_server: bool = False
    """ElastiCache Serverless, from about 6 USD a month; otherwise each process has its cache."""
    detailed_metrics: bool = False
    """CloudWatch metrics by method of the API; about 34 USD a month once it is used."""
    dashboard: bool = False
    """A CloudWatch dashboard; 3 USD a month after the first three of an account."""
    canary: bool = False
    """A release serves a tenth of the requests for half an hour first; `-c canary=off` does not."""
    all_alarms: bool = True
    """Alarms on errors, delays and load, 2.70 USD a month; without, on dead letters only."""
    plans_at_once: int = 2
    loads_at_once: int = 4
    merges_at_once: int = 2
    extracts_at_once: int = 4
    """Runs of sources at a time."""
    limits_extracts: bool = True
    """Whether their queue has that limit too; without, its idle pollers are two and not five."""
    source_buckets: tuple[str, ...] = ()
    """Buckets of others that sources may read; `cdk.json` names them (`source_buckets`)."""
    source_networks: str = ""
    """Networks that are not public and that sources may reach, in CIDR notation."""
    publish_minutes: int = 1
    """Minutes between runs of `publish`, for events that a merge could not publish itself."""
    sweep_minutes: int = 5
    """Minutes between runs of `refresh` and `reap`, which look for what was lost."""
    requests_at_once: int = 10
    """Concurrency reserved for each larger function of the API; see `infra.concurrency`."""
    requests_per_second: int = 50
    request_burst: int = 100
    firewall: bool = False
    """AWS WAF in front of the API; about 10 USD a month."""
    max_upload_bytes: int = 5 * 1024**4
    """Size limit of a file; a dataset may have a lower one."""
    client_requests_per_minute: int = 3000
    """Requests from one address; the firewall answers more with 429."""
    console: bool = True
    """The console behind CloudFront, which costs nothing while nobody uses it."""
    browser_origin: str | None = None
    """The origin whose pages may use the API and upload (CORS): `*` for all, None for none.

    One only: the responses that API Gateway sends by itself cannot depend on the request.
    """

    @property
    def chunks_at_once(self) -> int:
        """Chunks of one job in flight, so that a huge file leaves loaders for small ones."""
        return max(1, self.loads_at_once * 3 // 4)

    @property
    def own_key(self) -> bool:
        """Whether data are encrypted with a key of the environment's own, not with AWS's."""
        return self.keep_data

    @property
    def keeps_personal_texts(self) -> bool:
        """Whether the text of rejects with personal columns is kept, encrypted with a key for it.

        Not in `dev`: the key would be half of what an idle one costs.
        """
        return self.keep_data or self.is_local

    @property
    def is_local(self) -> bool:
        """Whether this is the emulator: no VPC, no Aurora, tokens of a development issuer."""
        return self.name == "local"

    @property
    def speaks_tls(self) -> bool:
        """Whether requests come over TLS; the emulator's do not, and it enforces policies."""
        return not self.is_local


ENVIRONMENTS: Mapping[str, Environment] = MappingProxyType(
    {
        known.name: known
        for known in (
            Environment(
                name="local",
                browser_origin="*",
                # The emulator serves it itself.
                console=False,
                account=LOCAL_ACCOUNT,
                keep_data=False,
                log_retention_days=7,
                noncurrent_days=7,
                extracts_at_once=10,
                source_buckets=("waybill-local-source",),
                source_networks="127.0.0.0/8",
                requests_at_once=40,
                requests_per_second=1000,
                request_burst=2000,
            ),
            Environment(
                name="dev",
                browser_origin="*",
                keep_data=False,
                log_retention_days=14,
                noncurrent_days=7,
                # Whoever develops is looking; the others would cost more than all the rest.
                all_alarms=False,
                # Each run lists what there is to do, which costs requests.
                publish_minutes=5,
                sweep_minutes=10,
                # As do pollers. More runs at a time than are reserved come again later.
                limits_extracts=False,
            ),
            Environment(
                name="staging",
                keep_data=True,
                dashboard=True,
                log_retention_days=30,
                noncurrent_days=30,
                firewall=True,
                least_acu=0.5,
                most_acu=4,
            ),
            Environment(
                name="prod",
                keep_data=True,
                dashboard=True,
                canary=True,
                log_retention_days=365,
                noncurrent_days=90,
                firewall=True,
                least_acu=0.5,
                most_acu=16,
                backup_days=35,
                readers=1,
                cache_server=True,
                detailed_metrics=True,
                plans_at_once=8,
                loads_at_once=32,
                merges_at_once=4,
                extracts_at_once=16,
                requests_at_once=40,
                requests_per_second=200,
                request_burst=400,
            ),
        )
    }
)


def choose(
    name: str,
    account: str | None = None,
    region: str | None = None,
    current: str | None = None,
    browser_origin: str | None = None,
) -> Environment:
    """The environment called `name`, in its `account` and `region`.

    `current` is the account of the credentials at hand, if there are any. `local` is always the
    emulator's account. Without an account and without credentials the templates are for any
    account, to be read and checked.

    Raises:
        UnknownTargetError: there is no such environment, or `current` is not its account.
        InvalidOriginError: `browser_origin` is not an origin; `*` is not one.
    """
    if name not in ENVIRONMENTS:
        raise UnknownTargetError(
            f"env={name!r}: there is no such environment. Use one of {', '.join(ENVIRONMENTS)}."
        )
    known = ENVIRONMENTS[name]
    if known.is_local:
        return known
    if current and not account:
        raise UnknownTargetError(
            f"The account of {name} is not known. If {current} is, write it into cdk.json: "
            f'"accounts": {{"{name}": "{current}"}}'
        )
    if current and current != account:
        raise UnknownTargetError(
            f"{name} belongs to the account {account}, and the credentials are of {current}."
        )
    if browser_origin and not _ORIGIN.fullmatch(browser_origin):
        raise InvalidOriginError(
            f"browser_origin={browser_origin!r}: write it as https://console.example.com."
        )
    return replace(
        known,
        account=account,
        region=region or DEFAULT_REGION,
        browser_origin=browser_origin or known.browser_origin,
    )
