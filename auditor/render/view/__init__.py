"""An assessment arranged for people: what all formats show, and the order in which they do.

Worst first. Nothing is judged here; sums and groupings are of findings as they are.
"""
