"""Segments counted at size."""
