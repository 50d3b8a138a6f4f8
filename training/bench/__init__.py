"""Measurements that anyone can repeat: each prints what it measured, where, and beside what."""
