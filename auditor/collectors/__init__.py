"""The only code that talks to systems. A collector never judges."""
