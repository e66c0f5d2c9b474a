"""A loader's COPY that sends some data, reports it, and stalls. Run as a program."""

import sys
import time

import psycopg


def main(dsn: str, job: str, stage: str) -> None:
    """Hold chunk 0 of the job, and a COPY into its staging table, for ever."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SELECT waybill.claim_chunk(%s, 0)", (job,))
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {stage} FROM STDIN".encode()) as copy,
        ):
            copy.write(b"0\t1\t" + b"x" * 100_000)
            sys.stdout.write("copying\n")
            sys.stdout.flush()
            while True:
                time.sleep(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
