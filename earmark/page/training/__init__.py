"""Trains that are started, watched and cancelled from the page."""
