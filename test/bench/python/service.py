"""A scoring service as people write them: FastAPI, a validated request, XGBoost.

BENCH_MODEL names the model's file. Two ways to the same answer:
  /frame  the way of the tutorials: a pandas frame of one row, a DMatrix, predict
  /lean   the fastest that the libraries offer: a numpy row, prediction in place
"""
import os

import numpy
import pandas
import xgboost
from fastapi import FastAPI
from pydantic import create_model

booster = xgboost.Booster({"nthread": 1})
booster.load_model(os.environ["BENCH_MODEL"])
FEATURES = booster.feature_names
Transaction = create_model("Transaction", **{name: (float, ...) for name in FEATURES})

# A forest without a cache of its own: nothing is remembered from one request to the next.
app = FastAPI()


@app.post("/frame")
async def score_frame(transaction: Transaction):
    frame = pandas.DataFrame([transaction.dict()], columns=FEATURES)
    return {"score": float(booster.predict(xgboost.DMatrix(frame, nthread=1))[0])}


@app.post("/lean")
async def score_lean(transaction: Transaction):
    row = numpy.array([[getattr(transaction, name) for name in FEATURES]], dtype=numpy.float32)
    return {"score": float(booster.inplace_predict(row, validate_features=False)[0])}
