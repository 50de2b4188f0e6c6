"""`make run` and its sisters: everything a bare machine needs to run Tickwatch.

Standard library only: this package makes the virtual environment, so it cannot live in it.
"""
