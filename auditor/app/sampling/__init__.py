"""Samples: a population is frozen into the log, then drawn from, then checked by anybody.

`population` reads recorded runs, `records` are the entries of the log, `drawing` makes them in
their order, `checking` derives a drawn sample again.
"""
