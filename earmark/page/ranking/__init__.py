"""Candidates, best first: filters, the slider, and what is promised of the kept ones."""
