"""Studies: a scenario run again and again, with some of its keys at several values each."""
