"""Tests of what lives longer than one command."""
