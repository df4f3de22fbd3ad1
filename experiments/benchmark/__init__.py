"""Figures that are measured, not tested: run them with `make bench`."""
