"""``huoren bench portraits``: do tags carry truth, do they last, how full are they, how fast."""
