"""The whole way in one command: from events to answers over HTTP, then a table to enjoy."""
