"""Pure functions from the text of one kind of file or answer to rows. One file a subject."""
