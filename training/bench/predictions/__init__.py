"""Lifetime value on a table of orders: ours beside simple guesses and boosted trees."""
