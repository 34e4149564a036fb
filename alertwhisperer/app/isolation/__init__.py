"""
Proves that one company sees, takes and changes nothing of another, on this server and with this version of the code.

A scratch database is made beside the real one, two companies in it are filled with words that stand nowhere else, and
everything that the one can reach is searched for the words of the other. Nothing of the real data is touched.
"""
