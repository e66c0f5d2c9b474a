"""`waybill upload`."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from waybill_client import tables
from waybill_client.client import Waybill
from waybill_client.errors import ClientError, ProblemError
from waybill_client.file_arguments import files_of, is_file_argument
from waybill_client.job_commands import Connect
from waybill_client.job_output import nothing_loaded, print_messages
from waybill_client.models import Job
from waybill_client.output import (
    FAILED,
    INTERRUPTED,
    err,
    print_json,
    print_message,
    print_table,
)
from waybill_client.progress import upload_with_bar
from waybill_client.suggest import nearest_name, suggest_dataset

_MOST_NAMED = 20


class _Upload(NamedTuple):
    """Files with their datasets, and how they are sent."""

    files: list[tuple[str, Path]]
    options: dict[str, str | bool]
    wait: bool

    def flags(self) -> list[str]:
        """The options as words of a command."""
        words = [] if self.wait else ["--no-wait"]
        for name, value in self.options.items():
            words.append("--" + name.replace("_", "-"))
            if isinstance(value, str):
                words.append(value)
        return words


Words = Annotated[
    list[str],
    typer.Argument(
        metavar="[DATASET] FILES",
        help="Files, patterns such as 'data/*.csv.gz', or - for standard input.",
    ),
]
Dataset = Annotated[
    str | None, typer.Option(help="Dataset of the files. Default: by name and header of each.")
]
Delimiter = Annotated[str | None, typer.Option(help="Default: detected.")]
Encoding = Annotated[
    str | None, typer.Option(help="For example latin-1. Default: UTF-8, or declared.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check and count the records, load nothing.")
]


def add_uploads(app: typer.Typer, connect: Connect) -> None:
    """Add the command."""

    @app.command()
    def upload(  # noqa: PLR0913 - one per option
        words: Words,
        *,
        dataset: Dataset = None,
        delimiter: Delimiter = None,
        encoding: Encoding = None,
        dry_run: DryRun = False,
        multipart: Annotated[bool, typer.Option(help="Upload in parts.")] = False,
        wait: Annotated[bool, typer.Option(help="Wait until the jobs have ended.")] = True,
        name: Annotated[str, typer.Option(help="File name of standard input.")] = "stdin.csv",
        as_json: Annotated[bool, typer.Option("--json", help="Print the jobs as JSON.")] = False,
    ) -> None:
        """Upload files and show their waybills.

        Exits with 1 if a job failed or every record of a file was rejected.
        """
        texts = {"delimiter": delimiter, "encoding": encoding}
        flags = {"dry_run": dry_run, "multipart": multipart}
        options: dict[str, str | bool] = {
            key: value for key, value in {**texts, **flags}.items() if value
        }
        if dataset is None and not is_file_argument(words[0]):
            dataset, *words = words
        if not words:
            raise ClientError(f"There is no file {dataset}.")
        with files_of(words, name) as files, connect() as waybill:
            chosen = _with_datasets(waybill, files, dataset)
            jobs = _run(waybill, _Upload(chosen, options, wait))
        _show([file for _, file in chosen], jobs, as_json=as_json)


def _with_datasets(
    waybill: Waybill, files: Sequence[Path], dataset: str | None
) -> list[tuple[str, Path]]:
    if dataset is not None:
        return [(dataset, file) for file in files]
    known = waybill.datasets()
    return [(suggest_dataset(file, known), file) for file in files]


def _run(waybill: Waybill, upload: _Upload) -> list[Job]:
    """Send the files and wait; Ctrl-C says how to go on."""
    sent: list[str] = []
    try:
        upload_with_bar(waybill, upload.files, err, sent.append, **upload.options)
        if upload.wait and err.is_terminal:
            print_message("Waiting for the jobs to end.", "dim")
        return [waybill.wait(one) if upload.wait else waybill.job(one) for one in sent]
    except KeyboardInterrupt:
        _say_how_to_go_on(upload, sent)
        raise typer.Exit(INTERRUPTED) from None
    except ClientError as error:
        if sent and len(sent) < len(upload.files):
            _say_how_to_go_on(upload, sent)
        if isinstance(error, ProblemError) and error.code == "unknown-dataset":
            known = nearest_name(
                upload.files[len(sent)][0], (str(one["name"]) for one in waybill.datasets())
            )
            raise ClientError(f"{error}\n{known}") from error
        raise


def _say_how_to_go_on(upload: _Upload, sent: Sequence[str]) -> None:
    print_message(f"\nStopped: {len(sent)} of {len(upload.files)} files were sent.")
    if sent:
        print_message("Their jobs go on. Follow them: waybill jobs wait " + " ".join(sent))
    left = upload.files[len(sent) :]
    if not left:
        return
    names = [shlex.quote(str(file)) for _, file in left]
    if len(names) > _MOST_NAMED or len({dataset for dataset, _ in left}) > 1:
        print_message(f"Not sent: {len(left)} files, from {names[0]} on.")
    else:
        words = [left[0][0], *names, *map(shlex.quote, upload.flags())]
        print_message(f"Send the others: waybill upload {' '.join(words)}")


def _show(files: Sequence[Path], jobs: Sequence[Job], *, as_json: bool) -> None:
    if as_json:
        pairs = zip(files, jobs, strict=True)
        documents: list[dict[str, Any]] = [{"file": file.name, **job} for file, job in pairs]
        print_json(documents)
    else:
        print_table(tables.uploads([file.name for file in files], jobs))
        for job in jobs:
            print_messages(job)
    if any(map(nothing_loaded, jobs)):
        raise typer.Exit(FAILED)
