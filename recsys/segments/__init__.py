"""Segments: who, said in a language of conditions, counted exactly."""
