"""Rankers of candidates."""
