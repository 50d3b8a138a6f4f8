import numpy as np
from scipy import sparse

from recsys.candidates.session import Session
from recsys.candidates.similar import Similar
from tests.recsys.moments import acts, moment

RING = Session(Similar.of(sparse.csr_matrix(np.roll(np.eye(5, dtype=np.float32), 1, axis=1))))
MINUTE = 1 / 1440


def test_what_goes_with_the_latest_act_comes_first():
    now = moment(acts((3, 1.0, MINUTE), (0, 1.0, 5 * MINUTE)))
    assert RING.propose(now, 5).codes.tolist() == [4, 1]


def test_yesterday_is_no_session():
    assert len(RING.propose(moment(acts((3, 8.0, 1.0))), 5)) == 0
