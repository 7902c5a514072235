"""Tests of the processes: real ones, started, killed and watched."""
