#!/usr/bin/python3
"""batch.py READER MODEL: scores all rows as people do today: reads the table, predicts, writes the
scores back by COPY into a table. Prints the seconds it took once everything was imported (JSON), and
how long it takes to bring them from there into a column of the rows, in the table python_target.
"""
import io
import json
import sys
import time

import pandas
import xgboost

import database


def main():
    reader, model = sys.argv[1:]
    start = time.perf_counter()
    connection = database.connect()
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(model)
    frame = database.READERS[reader](connection, f"SELECT id, {', '.join(booster.feature_names)} FROM bench_labelled")
    read = time.perf_counter()
    scores = booster.inplace_predict(frame[booster.feature_names])
    predicted = time.perf_counter()
    text = io.StringIO()
    pandas.DataFrame({"id": frame["id"], "score": scores}).to_csv(text, header=False, index=False)
    text.seek(0)
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE python_scores (id bigint, score float8)")
    cursor.copy_expert("COPY python_scores FROM STDIN (FORMAT csv)", text)
    connection.commit()
    end = time.perf_counter()
    cursor.execute("UPDATE python_target t SET score = s.score FROM python_scores s WHERE s.id = t.id")
    connection.commit()
    updated = time.perf_counter()
    print(json.dumps({"read": read - start, "predict": predicted - read, "write": end - predicted, "total": end - start,
                      "into the column": updated - end}))


if __name__ == "__main__":
    main()
