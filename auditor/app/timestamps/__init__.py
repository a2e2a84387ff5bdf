"""Time-stamps of other parties: asking, and the spool of what is still untimed."""
