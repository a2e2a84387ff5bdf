"""One file for each resource type: from answers of the server to rows."""
