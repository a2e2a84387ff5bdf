"""Looking after a store: retention, holds, pruning, copying."""
