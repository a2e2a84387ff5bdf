"""Reports: writing, signing, archiving, and checking what they say."""
