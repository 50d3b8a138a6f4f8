"""The steps of a training run, each a function of the run so far."""
