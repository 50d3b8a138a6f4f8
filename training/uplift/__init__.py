"""Whom a treatment changes: trials, learners of its effect, their judgement, and a plan."""
