"""From a shop's own files to canonical tables: map, check, drop repeats, write.

``run`` is the entrance for files and Arrow tables, ``parse`` the one for single JSON events as the
HTTP routes receive them. Both read the same mappings and the same rule table (``rules``), so a row
is refused with the same words wherever it comes in.
"""
