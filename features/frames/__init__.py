"""Rows that rankers see; one file for each capability."""
