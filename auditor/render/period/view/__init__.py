"""A period as pages need it: what of it is shown, in which order, and how much is left out."""
