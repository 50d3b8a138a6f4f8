"""People like those of a seed: likeness and a classifier together, judged on held-out seeds."""
