"""Alarms, events, dashboard."""
