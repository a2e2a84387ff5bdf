"""Bundles for an outside auditor: choosing runs, packing what proves them, and the guide.

`period` reads periods, `choice` decides what goes in (`before` which runs before a period, `people`
which attestations and samples, `survey` goes over the log), `proving` makes the proofs, `archive`
writes the zip file, `controls` the readable controls, `guide` the commands of VERIFY.md, and `make`
puts them together.
"""
