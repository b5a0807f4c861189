"""`usager load`: brings files into a running server, over HTTP, and can be killed and run again at any moment.

sources.py finds the files and cuts them into items, naming.py gives ids to those without; shipment.py makes requests of
items, safe to send twice; sending.py sends them; journal.py remembers what was acknowledged; run.py is one run of it,
command.py what is typed.
"""
