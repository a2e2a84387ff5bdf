"""From an assessment to the bytes of one format; one file per format.

Renderers say what was recorded and nothing else: they judge nothing, fetch nothing and know no
clock. Equal assessments give equal bytes.
"""
