"""Two runs compared, and what of it a gate counts. Pure: policies and findings in, changes out.

Where the runs come from and whether they are to be believed is the matter of `app.gating`.
"""
