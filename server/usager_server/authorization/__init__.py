"""The SMART on FHIR authorization server: clients, launches, codes, tokens. Signing in is for `accounts/`.

Authlib's server classes are synchronous and would each call the store from a thread; what they do is done here with
joserfc for the signatures, and Authlib's clients hold it to the standards in the tests.
"""
