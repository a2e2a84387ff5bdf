"""Records of people and of the project itself: made, recorded in the log, and read as evidence."""
