"""The nouns of the domain, one file each."""
