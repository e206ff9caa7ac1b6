"""Reads access logs: from the lines of a server to the hits that the rules decide.

`formats.py` recognises the format of a file and turns each line into a `Hit`, `assumed.py` fills in
what the format does not record, `log_file.py` and `time_order.py` read files in the order of time,
and `log_import.py` counts what the middleware would have counted.
"""
