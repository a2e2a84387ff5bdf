"""From YAML text to the model, with file, line and column for everything that is wrong."""
