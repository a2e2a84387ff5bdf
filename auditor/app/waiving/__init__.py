"""Waivers as people work with them: asked for, checked against a run, approved, audited."""
