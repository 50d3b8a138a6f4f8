"""Recall and NDCG beside those of trec_eval, which the field has used since 1993."""

import numpy as np
import pytest
import pytrec_eval

from training import metrics
from training.metrics import Relevant

QUERIES, ITEMS, DEEP = 60, 300, 40


@pytest.mark.parametrize("k", [10, 20, 40])
def test_recall_and_ndcg_are_those_of_trec_eval(k: int) -> None:
    rng = np.random.default_rng(k)
    ranked = np.stack([rng.permutation(ITEMS)[:DEEP] for _ in range(QUERIES)]).astype(np.int32)
    wanted = [rng.choice(ITEMS, rng.integers(1, 80), replace=False) for _ in range(QUERIES)]
    ends = np.cumsum([0, *(len(one) for one in wanted)])
    relevant = Relevant(ends, np.concatenate(wanted).astype(np.int32))
    judged = pytrec_eval.RelevanceEvaluator(
        {str(q): {str(item): 1 for item in one} for q, one in enumerate(wanted)},
        {f"recall.{k}", f"ndcg_cut.{k}"},
    ).evaluate({
        str(q): {str(item): float(DEEP - place) for place, item in enumerate(row)}
        for q, row in enumerate(ranked.tolist())
    })
    theirs = [judged[str(q)] for q in range(QUERIES)]
    ours = metrics.recall_at_k(ranked, relevant, k), metrics.ndcg_at_k(ranked, relevant, k)
    assert ours[0] == pytest.approx([one[f"recall_{k}"] for one in theirs])
    assert ours[1] == pytest.approx([one[f"ndcg_cut_{k}"] for one in theirs])
