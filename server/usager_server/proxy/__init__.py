"""Proxy e-santé: signs professionals in at Pro Santé Connect and relays calls to the national APIs; no business logic.

A process of its own, which knows nothing of FHIR: its clearance covers these files, `national/psc/` and no more.
"""
