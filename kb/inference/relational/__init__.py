"""The relational executor: the same rules over all facts at once, in a database."""
