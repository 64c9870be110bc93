"""The demonstration of Parvandeh: people and their agencies, first cases, a hub that plays other systems.

It starts and uses the product; the product never imports it.
"""
