"""Where tracks, likes and skips come from.

``registry`` finds the sources, ``sources/`` holds one file each, ``source`` says what a source promises, and
``tables/`` turns the files that people have (CSV, JSON, parquet) into canonical columns.
"""
