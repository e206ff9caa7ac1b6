"""What no server can see: pages that a browser shows without asking, reported by a small script.

With `complement="/_stats"` the middleware answers for that path before the app does: the script
`c.<hash>.js`, and the reports that it posts. The server counts the pages that reach it, and stamps
each with its time in the header `Server-Timing`; the script reports the others, each with that
stamp, so that nothing needs to be remembered between the two. `ways.py` has the rule.
"""
