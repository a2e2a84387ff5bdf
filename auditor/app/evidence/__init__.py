"""What is kept of an observation, and how it is read back."""
