"""How the Python side reads rows: what people write with pandas and psycopg2."""
import io
import os
import warnings

import pandas
import psycopg2


def connect():
    return psycopg2.connect(host=os.environ["BENCH_SOCKET"], port=os.environ["BENCH_PORT"], user="postgres", dbname="bench")


def read_sql(connection, query):
    """pandas.read_sql: rows become Python objects first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas would rather have SQLAlchemy, which is slower
        return pandas.read_sql(query, connection)


def read_copy(connection, query):
    """COPY as CSV into memory, then pandas.read_csv."""
    text = io.StringIO()
    connection.cursor().copy_expert(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)", text)
    text.seek(0)
    return pandas.read_csv(text, true_values=["t"], false_values=["f"])


READERS = {"read_sql": read_sql, "copy": read_copy}
