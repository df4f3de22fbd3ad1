"""Ours beside other AutoML systems: the same rows, the same seconds, the same two cores, one after the other."""
