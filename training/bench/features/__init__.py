"""The feature job beside SQL written by hand, on Spark, and event by event."""
