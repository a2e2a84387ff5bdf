"""Keys of a project: listing, making, rotating, revoking."""
