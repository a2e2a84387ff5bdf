"""The demonstration: a stand-in company that nobody needs an account for.

The product has no path of its own for it: `init`, `scan`, `report` and `verify` are called as the
command line calls them; only the systems they look at are made here.
"""
