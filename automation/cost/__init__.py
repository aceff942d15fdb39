"""Estimates what a stack costs in a month: its resources, times AWS's prices."""
