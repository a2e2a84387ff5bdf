"""The period engine: what a series of recorded runs shows of each control (SOC 2 Type II).

Pure: runs come as headers, their content by a function that is called once for each run, in order
of time; so memory holds one run and what is to be said of the period. See `report.build_period`.
"""
