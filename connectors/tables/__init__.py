"""From the bytes of a file to a tracks table, in small steps.

``unpacking`` (bytes, gzip, what kind of file) -> ``decoding`` (text) -> ``delimited`` | ``json_records`` |
``parquet_columns`` (a ``RawTable``) -> ``labels``, ``columns``, ``dates``, ``numeric``, ``units``, ``durations``,
``scaling``, put together by ``assembly``. Every step is a pure function of its input; what the user can mend is an
``InputError`` that does not name the file: ``connectors.sources.csv_file`` puts the name in front, once.
"""
