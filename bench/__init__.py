"""
The benchmark: the product as shipped, next to a bare server and Alertmanager, on one machine.

`python -m bench` measures, `python -m bench profile` says where the time goes; README.md says how to read both.
"""
