"""The measurements: `python -m bench [name …] [--quick]`. Each prints ratios against a baseline of the same run."""
