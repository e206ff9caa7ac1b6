"""The same small site in every framework: one module each, which imports its framework alone.

Each has `make(set_up)`: a new app, which it has handed to `set_up` to have footfall added.
"""
