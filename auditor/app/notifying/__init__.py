"""Telling people what recorded runs show: events, where they go, and what was delivered."""
