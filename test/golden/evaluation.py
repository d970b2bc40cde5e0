#!/usr/bin/python3
"""Golden values of test/sql/ranking.sql and test/sql/threshold.sql.

    /usr/bin/python3 test/golden/evaluation.py

prints them, from scikit-learn 1.2 and NumPy, for the rows
    i = 1..2000, score = (i * 7919 mod 997) / 997 rounded to 2 digits where i is even,
    label = (i * 104729 mod 1009) / 1009 < score ^ 2 * 0.5
    amount = 10 + i mod 90, cost = 3, card = i mod 50, day = i mod 5.
Not run by `make check`: the values stand in the tests.
"""
import numpy as np
from sklearn import metrics as m

i = np.arange(1, 2001)
score = (i * 7919 % 997) / 997
# as SQL's round(numeric, 2)
score = np.where(i % 2 == 0, np.floor((i * 7919 % 997) * 200 / 997 / 2 + 0.5) / 100, score)
label = (i * 104729 % 1009) / 1009 < score * score * 0.5
amount = 10.0 + i % 90


def show(name, value):
    print(f"('{name}', {float(value)!r}),")


show("auc", m.roc_auc_score(label, score))
show("average_precision", m.average_precision_score(label, score))
precision, recall, _ = m.precision_recall_curve(label, score)
show("precision_at_recall", precision[:-1][recall[:-1] >= 0.5].max())
show("recall_at_precision", recall[:-1][precision[:-1] >= 0.3].max())
fpr, tpr, _ = m.roc_curve(label, score, drop_intermediate=False)
show("recall_at_fpr", tpr[fpr <= 0.1].max())
show("log_loss", m.log_loss(label, score, eps=1e-15))
show("brier", m.brier_score_loss(label, score))
for bins in (15, 10):
    which = np.minimum((score * bins).astype(int), bins - 1)
    show(f"ece_{bins}", sum(abs(score[which == b].sum() - label[which == b].sum()) for b in range(bins)) / len(i))
flagged = score >= 0.6
tn, fp, fn, tp = m.confusion_matrix(label, flagged).ravel()
print("confusion", tp, fp, fn, tn)
show("f1", m.f1_score(label, flagged))
show("mcc", m.matthews_corrcoef(label, flagged))


def savings(flagged):
    base = min(amount[label].sum(), 3.0 * len(i))
    return 1 - (3.0 * flagged.sum() + amount[label & ~flagged].sum()) / base


show("savings_rule", savings(score * amount > 3.0))
show("savings_threshold", savings(score >= 0.6))
show("best_threshold", max(np.unique(score), key=lambda t: (round(savings(score >= t), 12), t)))
days = []
for day in range(5):
    best = {}
    for k in np.nonzero(i % 5 == day)[0]:
        card = (int(i[k]) * 31) % 97
        s, f = best.get(card, (-1.0, False))
        best[card] = (max(s, score[k]), f or bool(label[k]))
    ranked = sorted(best.values(), key=lambda x: -x[0])
    kth = ranked[19][0]
    above = [f for s, f in ranked if s > kth]
    tied = [f for s, f in ranked if s == kth]
    days.append((sum(above) + sum(tied) * (20 - len(above)) / len(tied)) / 20)
show("card_precision", np.mean(days))
