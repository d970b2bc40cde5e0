#!/usr/bin/python3
"""training.py REQUEST: trains as people do today, and tells how long it took (JSON on standard output).

REQUEST (JSON): reader, matrix (quantile or plain), features, parameters (of XGBoost), rounds,
threads, training and validation (numbers of rows), margins (a file for those of the holdout).
The clock starts when everything is imported, and stops when the model is written.
"""
import json
import sys
import time

import numpy
import xgboost

import database


def main():
    request = json.loads(sys.argv[1])
    threads = request["threads"]
    times = [time.perf_counter()]
    columns = ", ".join(request["features"])
    frame = database.READERS[request["reader"]](
        database.connect(), f"SELECT {columns}, is_fraud FROM bench_labelled ORDER BY event_time")
    times.append(time.perf_counter())

    values, labels = frame[request["features"]], frame["is_fraud"]
    first, second = request["training"], request["training"] + request["validation"]
    if request["matrix"] == "quantile":
        training = xgboost.QuantileDMatrix(values[:first], labels[:first], nthread=threads,
                                           max_bin=int(request["parameters"]["max_bin"]))
    else:
        training = xgboost.DMatrix(values[:first], labels[:first], nthread=threads)
    validation = xgboost.DMatrix(values[first:second], labels[first:second], nthread=threads)
    times.append(time.perf_counter())

    parameters = dict(request["parameters"], objective="binary:logistic", tree_method="hist", nthread=threads,
                      eval_metric="aucpr")
    booster = xgboost.train(parameters, training, request["rounds"], evals=[(validation, "validation")],
                            verbose_eval=False)
    times.append(time.perf_counter())
    margins = booster.predict(xgboost.DMatrix(values[second:], nthread=threads), output_margin=True)
    booster.save_model(request["margins"] + ".ubj")
    times.append(time.perf_counter())

    stages = ["read", "matrix", "train", "predict and write"]
    report = {stage: end - start for stage, start, end in zip(stages, times, times[1:])}
    report["total"] = times[-1] - times[0]
    margins.astype(numpy.float32).tofile(request["margins"])
    print(json.dumps(report))


if __name__ == "__main__":
    main()
